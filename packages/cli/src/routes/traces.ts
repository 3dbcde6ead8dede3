import { buildRouteMap, type RouteMap } from '@stricli/core';
import { command } from '../command.ts';
import type { BelayContext } from '../run.ts';
import { argument, durationOf, rangeFlags, serverFlags, switchFlag, textFlag, wholeNumber } from './parameter.ts';

const list = command({
  load: async () => (await import('../commands/traces-list.ts')).tracesList,
  parameters: {
    flags: {
      ...serverFlags,
      ...rangeFlags,
      service: textFlag('A span of this service', 'name'),
      operation: textFlag('A span with this name', 'name'),
      slower: {
        kind: 'parsed',
        parse: durationOf,
        brief: 'That takes at least this long: 500ms, 2s',
        placeholder: 'duration',
        optional: true,
      },
      errors: switchFlag('Only with errors'),
      slowest: switchFlag('Slowest first instead of newest first'),
      flag: textFlag('That evaluated this flag', 'key'),
      variant: textFlag('And got this variant', 'name'),
      limit: { kind: 'parsed', parse: wholeNumber(1, 200), brief: 'How many', placeholder: 'number', default: '20' },
    },
  },
  brief: 'List traces, newest or slowest first',
});

const show = command({
  load: async () => (await import('../commands/traces-show.ts')).tracesShow,
  parameters: {
    flags: serverFlags,
    positional: { kind: 'tuple', parameters: [argument('Trace id, 32 hexadecimal digits', 'trace')] },
  },
  brief: 'Draw a trace as a waterfall',
});

const map = command({
  load: async () => (await import('../commands/traces-map.ts')).tracesMap,
  parameters: { flags: { ...serverFlags, ...rangeFlags, service: textFlag('This one and its neighbours', 'name') } },
  brief: 'Who calls whom, with rate, errors and time',
});

/** `belay traces ...` */
export const tracesRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: { list, show, map },
  docs: { brief: 'Traces: find and draw' },
});
