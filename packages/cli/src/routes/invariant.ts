import { buildRouteMap, type RouteMap } from '@stricli/core';
import { command } from '../command.ts';
import type { BelayContext } from '../run.ts';
import { serverFlags } from './parameter.ts';

const commands = () => import('../commands/invariant.ts');

/** `belay invariant ...` */
export const invariantRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: {
    list: command({
      load: async () => (await commands()).invariantList,
      parameters: { flags: serverFlags },
      brief: 'Invariants of the data, and whether they held when last checked',
    }),
    check: command({
      load: async () => (await commands()).invariantCheck,
      parameters: {
        flags: serverFlags,
        positional: {
          kind: 'array',
          parameter: { parse: String, brief: 'names; none: all', placeholder: 'name' },
        },
      },
      brief: 'Check invariants now; ends with 1 where one does not hold',
    }),
  },
  docs: { brief: 'Queries over your databases that must hold' },
});
