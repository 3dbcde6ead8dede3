import { buildRouteMap, type RouteMap } from '@stricli/core';
import { command } from '../command.ts';
import type { BelayContext } from '../run.ts';
import { serverFlags } from './parameter.ts';

const commands = () => import('../commands/storage.ts');

/** `belay storage ...` */
export const storageRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: {
    show: command({
      load: async () => (await commands()).storageShow,
      parameters: { flags: serverFlags },
      brief: 'What telemetry takes on disk, what was saved, what was dropped',
    }),
    plan: command({
      load: async () => (await commands()).storagePlan,
      parameters: { flags: serverFlags },
      brief: 'The rules in force and what ageing would do now, without doing it',
    }),
    age: command({
      load: async () => (await commands()).storageAge,
      parameters: { flags: serverFlags },
      brief: 'Age now instead of at the next hour',
    }),
  },
  docs: { brief: 'The space that telemetry takes' },
});
