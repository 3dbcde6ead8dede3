import { buildRouteMap, type RouteMap } from '@stricli/core';
import { command } from '../command.ts';
import type { BelayContext } from '../run.ts';
import { argument, durationOf, serverFlags, switchFlag, textFlag, wholeNumber } from './parameter.ts';

const id = argument('Id or number of the error (E-17)', 'id');
const limit = {
  kind: 'parsed',
  parse: wholeNumber(1, 200),
  brief: 'How many',
  placeholder: 'number',
  default: '50',
} as const;

const list = command({
  load: async () => (await import('../commands/errors-list.ts')).errorsList,
  parameters: {
    flags: {
      ...serverFlags,
      limit,
      state: {
        kind: 'enum',
        values: ['open', 'all', 'unresolved', 'regressed', 'resolved', 'ignored'],
        brief: 'Which ones',
        default: 'open',
      },
      sort: {
        kind: 'enum',
        values: ['last-seen', 'first-seen', 'events', 'users', 'trend'],
        brief: 'What comes first',
        default: 'last-seen',
      },
      service: textFlag('Of one service', 'name'),
      search: textFlag('Words in title, message, file or stack', 'words'),
      since: textFlag('First seen, or come back, since a rollout or a change', 'change'),
    },
  },
  brief: 'List errors of the last 24 hours, grouped',
});

const show = command({
  load: async () => (await import('../commands/errors-show.ts')).errorsShow,
  parameters: { flags: serverFlags, positional: { kind: 'tuple', parameters: [id] } },
  brief: 'Show an error with its stack',
});

const resolve = command({
  load: async () => (await import('../commands/errors-act.ts')).errorsResolve,
  parameters: {
    flags: { ...serverFlags, 'next-release': switchFlag('Instances of the present release may still have it') },
    positional: { kind: 'tuple', parameters: [id] },
  },
  brief: 'Say that an error is mended; it is told when it comes back',
});

const ignore = command({
  load: async () => (await import('../commands/errors-act.ts')).errorsIgnore,
  parameters: {
    flags: {
      ...serverFlags,
      for: { kind: 'parsed', parse: durationOf, brief: 'How long, e.g. 7d', placeholder: 'duration', optional: true },
      events: {
        kind: 'parsed',
        parse: wholeNumber(1, 1_000_000_000),
        brief: 'Until so many more events',
        placeholder: 'number',
        optional: true,
      },
      users: {
        kind: 'parsed',
        parse: wholeNumber(1, 1_000_000_000),
        brief: 'Until so many users have it',
        placeholder: 'number',
        optional: true,
      },
    },
    positional: { kind: 'tuple', parameters: [id] },
  },
  brief: 'Ignore an error, for good or until a limit',
});

/** `belay errors ...` */
export const errorsRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: { list, show, resolve, ignore },
  docs: { brief: 'Errors of all services' },
});

const upload = command({
  load: async () => (await import('../commands/sourcemaps-upload.ts')).sourcemapsUpload,
  parameters: {
    flags: {
      ...serverFlags,
      release: textFlag('Release that the SDK reports', 'release'),
      prefix: textFlag('Address of the folder, when it is not the root', 'path'),
    },
    positional: { kind: 'tuple', parameters: [argument('Folder with bundles and their maps', 'folder')] },
  },
  brief: 'Upload the source maps of a build',
});

const maps = command({
  load: async () => (await import('../commands/sourcemaps-list.ts')).sourcemapsList,
  parameters: { flags: { ...serverFlags, limit } },
  brief: 'List uploaded source maps',
});

/** `belay sourcemaps ...` */
export const sourcemapsRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: { upload, list: maps },
  docs: { brief: 'Source maps, with which minified stacks are read' },
});

const dsn = command({
  load: async () => (await import('../commands/sentry-dsn.ts')).sentryDsn,
  parameters: {
    flags: serverFlags,
    positional: { kind: 'tuple', parameters: [argument('Name of the service that sends', 'service')] },
  },
  brief: 'Create a DSN for Sentry SDKs and print it, once',
});

const keys = command({
  load: async () => (await import('../commands/sentry-keys.ts')).sentryKeys,
  parameters: { flags: { ...serverFlags, limit } },
  brief: 'List the keys of Sentry SDKs',
});

const revoke = command({
  load: async () => (await import('../commands/sentry-keys.ts')).sentryRevoke,
  parameters: { flags: serverFlags, positional: { kind: 'tuple', parameters: [argument('Id of the key', 'id')] } },
  brief: 'Revoke a key of Sentry SDKs',
});

/** `belay sentry ...` */
export const sentryRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: { dsn, keys, revoke },
  docs: { brief: 'Sentry SDKs that send to Belay' },
});
