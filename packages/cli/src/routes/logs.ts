import { buildRouteMap, type RouteMap } from '@stricli/core';
import { command } from '../command.ts';
import type { BelayContext } from '../run.ts';
import { rangeFlags, serverFlags, switchFlag, textFlag, wholeNumber } from './parameter.ts';

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

const query = {
  kind: 'array',
  parameter: { brief: 'Query: words, "phrases", -not, OR, field:value', placeholder: 'query', parse: String },
} as const;

const filterFlags = {
  ...serverFlags,
  service: textFlag('Only lines of this service', 'name'),
  level: {
    kind: 'enum',
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
    brief: 'This level or a more severe one',
    optional: true,
  },
  trace: textFlag('Only lines of this trace', 'id'),
} as const;

const limit = {
  kind: 'parsed',
  parse: wholeNumber(1, 200),
  brief: 'How many',
  placeholder: 'number',
  default: '50',
} as const;

const search = command({
  load: async () => (await import('../commands/logs-search.ts')).logsSearch,
  parameters: { flags: { ...filterFlags, ...rangeFlags, limit }, positional: query },
  brief: 'Search stored lines',
});

const patterns = command({
  load: async () => (await import('../commands/logs-patterns.ts')).logsPatterns,
  parameters: { flags: { ...filterFlags, ...rangeFlags, limit }, positional: query },
  brief: 'What the lines have in common, and what is new',
});

const follow = command({
  load: async () => (await import('../commands/logs-follow.ts')).logsFollow,
  parameters: {
    flags: {
      ...filterFlags,
      lines: {
        kind: 'parsed',
        parse: wholeNumber(1, 1_000_000),
        brief: 'End after so many lines',
        placeholder: 'number',
        optional: true,
      },
    },
    positional: query,
  },
  brief: 'Print lines as they arrive',
});

/** `belay logs ...` */
export const logsRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: { search, follow, patterns, tail },
  docs: { brief: 'Logs: send and search' },
});
