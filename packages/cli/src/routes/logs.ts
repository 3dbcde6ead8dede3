import { buildRouteMap, type RouteMap } from '@stricli/core';
import { command } from '../command.ts';
import type { BelayContext } from '../run.ts';
import { serverFlags, switchFlag, textFlag } from './parameter.ts';

const tail = command({
  load: async () => (await import('../commands/logs-tail.ts')).logsTail,
  parameters: {
    flags: {
      ...serverFlags,
      service: { kind: 'parsed', parse: String, brief: 'Service that the lines are from', placeholder: 'name' },
      instance: textFlag('Instance that the lines are from (default: name of the machine)', 'name'),
      state: textFlag('Folder that remembers how far files were sent (default ./.belay/tail)', 'folder'),
      fromStart: switchFlag('The first time send what is in the files already'),
      once: switchFlag('End at the end of the files instead of waiting for more'),
    },
    positional: {
      kind: 'array',
      parameter: { brief: 'Log file: JSON lines, logfmt or text', placeholder: 'file', parse: String },
      minimum: 1,
    },
  },
  brief: 'Send log files to Belay as they grow, across rotations and restarts',
});

/** `belay logs ...` */
export const logsRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: { tail },
  docs: { brief: 'Logs: send and search' },
});
