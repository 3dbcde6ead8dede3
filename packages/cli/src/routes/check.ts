import { buildRouteMap, type RouteMap } from '@stricli/core';
import { command } from '../command.ts';
import type { BelayContext } from '../run.ts';
import { argument, commonFlags, serverFlags, textFlag, wholeNumber } from './parameter.ts';

const run = command({
  load: async () => (await import('../commands/check-run.ts')).checkRun,
  parameters: {
    flags: { ...commonFlags, config: textFlag('Configuration (default ./belay.yaml)', 'file') },
    positional: { kind: 'tuple', parameters: [argument('Name of the golden path', 'name')] },
  },
  brief: 'Walk a golden path of belay.yaml from here; needs no server',
});

const list = command({
  load: async () => (await import('../commands/check-list.ts')).checkList,
  parameters: {
    flags: {
      ...serverFlags,
      limit: {
        kind: 'parsed',
        parse: wholeNumber(1, 200),
        brief: 'How many',
        placeholder: 'number',
        default: '50',
      },
      kind: { kind: 'enum', values: ['health', 'probe', 'dead-man'], brief: 'Of one kind', optional: true },
      service: textFlag('Of one service', 'name'),
    },
  },
  brief: 'List health checks and golden paths, failing first',
});

/** `belay check ...` */
export const checkRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: { run, list },
  docs: { brief: 'Golden paths and health' },
});
