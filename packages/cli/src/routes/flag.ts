import { buildRouteMap, type RouteMap } from '@stricli/core';
import { command } from '../command.ts';
import type { BelayContext } from '../run.ts';
import { argument, serverFlags, switchFlag, textFlag, wholeNumber } from './parameter.ts';

const limit = {
  kind: 'parsed',
  parse: wholeNumber(1, 200),
  brief: 'How many',
  placeholder: 'number',
  default: '50',
} as const;

const list = command({
  load: async () => (await import('../commands/flag-list.ts')).flagList,
  parameters: { flags: { ...serverFlags, limit } },
  brief: 'List flags',
});

const set = command({
  load: async () => (await import('../commands/flag-set.ts')).flagSet,
  parameters: {
    flags: {
      ...serverFlags,
      boolean: switchFlag('Make an on/off flag that is off'),
      file: textFlag('flagd JSON of the flag', 'file'),
      default: textFlag('Variant everybody gets', 'variant'),
      disable: switchFlag('Switch the flag off: code defaults apply'),
      enable: switchFlag('Switch the flag on again'),
      description: textFlag('What the flag is for', 'text'),
    },
    positional: { kind: 'tuple', parameters: [argument('Key of the flag', 'flag')] },
  },
  brief: 'Create or change a flag',
});

const types = command({
  load: async () => (await import('../commands/flag-types.ts')).flagTypes,
  parameters: {
    flags: {
      ...serverFlags,
      out: { kind: 'parsed', parse: String, brief: 'File to write', placeholder: 'file', default: 'belay.gen.ts' },
    },
  },
  brief: 'Write the TypeScript types of all flags',
});

/** `belay flag ...` */
export const flagRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: { list, set, types },
  docs: { brief: 'Flags: who gets what' },
});
