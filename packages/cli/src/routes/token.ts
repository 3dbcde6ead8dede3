import { buildRouteMap, type RouteMap } from '@stricli/core';
import { command } from '../command.ts';
import type { BelayContext } from '../run.ts';
import { argument, serverFlags, wholeNumber } from './parameter.ts';

const create = command({
  load: async () => (await import('../commands/token-create.ts')).tokenCreate,
  parameters: {
    flags: {
      ...serverFlags,
      scope: {
        kind: 'enum',
        values: ['ingest', 'evaluate', 'read', 'operate', 'admin'],
        brief: 'What it may do; repeat or separate by commas (a service needs ingest,evaluate)',
        variadic: ',',
        default: ['ingest', 'evaluate'],
      },
      days: {
        kind: 'parsed',
        parse: wholeNumber(1, 3650),
        brief: 'Days until it ends',
        placeholder: 'number',
        optional: true,
      },
    },
    positional: { kind: 'tuple', parameters: [argument('What the token is for', 'name')] },
  },
  brief: 'Create a token and print its secret, once',
});

const list = command({
  load: async () => (await import('../commands/token-list.ts')).tokenList,
  parameters: {
    flags: {
      ...serverFlags,
      limit: { kind: 'parsed', parse: wholeNumber(1, 200), brief: 'How many', placeholder: 'number', default: '50' },
    },
  },
  brief: 'List tokens',
});

const revoke = command({
  load: async () => (await import('../commands/token-revoke.ts')).tokenRevoke,
  parameters: { flags: serverFlags, positional: { kind: 'tuple', parameters: [argument('Id of the token', 'id')] } },
  brief: 'Revoke a token',
});

/** `belay token ...` */
export const tokenRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: { create, list, revoke },
  docs: { brief: 'Tokens of services and people' },
});
