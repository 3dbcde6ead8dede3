import { buildRouteMap, type RouteMap } from '@stricli/core';
import { command } from '../command.ts';
import type { BelayContext } from '../run.ts';
import { argument, optionalArgument, serverFlags, textFlag, wholeNumber } from './parameter.ts';

const limit = {
  kind: 'parsed',
  parse: wholeNumber(1, 200),
  brief: 'How many',
  placeholder: 'number',
  default: '50',
} as const;
const onSignal = { kind: 'tuple', parameters: [argument('Id of the signal', 'signal')] } as const;

const list = command({
  load: async () => (await import('../commands/signals-list.ts')).signalsList,
  parameters: { flags: { ...serverFlags, limit } },
  brief: 'List signals: what deserves a look first',
});

const show = command({
  load: async () => (await import('../commands/signals-show.ts')).signalsShow,
  parameters: { flags: serverFlags, positional: onSignal },
  brief: 'Show a signal: what is usual, what can be found, its alarms',
});

const score = command({
  load: async () => (await import('../commands/signals-score.ts')).signalsScore,
  parameters: {
    flags: serverFlags,
    positional: { kind: 'tuple', parameters: [optionalArgument('Only this service', 'service')] },
  },
  brief: 'How services keep their promises over 7, 28 and 90 days',
});

const add = command({
  load: async () => (await import('../commands/signals-add.ts')).signalsAdd,
  parameters: {
    flags: {
      ...serverFlags,
      fromFile: { kind: 'parsed', parse: String, brief: 'YAML or JSON of the definition', placeholder: 'file' },
    },
    positional: onSignal,
  },
  brief: 'Create or replace a signal from a file',
});

/** `belay signals ...` */
export const signalsRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: { list, show, score, add },
  docs: { brief: 'Signals: what is usual and what deviates' },
});

const record = command({
  load: async () => (await import('../commands/change-record.ts')).changeRecord,
  parameters: {
    flags: {
      ...serverFlags,
      kind: {
        kind: 'enum',
        values: ['deploy', 'migration', 'config', 'other'],
        brief: 'What it is',
        default: 'deploy',
      },
      service: textFlag('Service that was changed (default: all)', 'name'),
      title: { kind: 'parsed', parse: String, brief: 'What was changed, in words', placeholder: 'text' },
      version: textFlag('New version', 'version'),
      at: {
        kind: 'parsed',
        parse: timeOf,
        brief: 'When, as ISO 8601 (default: now)',
        placeholder: 'time',
        optional: true,
      },
    },
  },
  brief: 'Tell of a change that was made elsewhere',
});

/** `belay change ...` */
export const changeRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: { record },
  docs: { brief: 'Changes that are made elsewhere' },
});

function timeOf(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new RangeError(`"${text}" is not a time such as 2026-11-24T12:00:00Z`);
  return time;
}
