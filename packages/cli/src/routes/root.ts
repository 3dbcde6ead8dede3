import { buildRouteMap, type RouteMap } from '@stricli/core';
import { command } from '../command.ts';
import type { BelayContext } from '../run.ts';
import { backupRoutes } from './backup.ts';
import { checkRoutes } from './check.ts';
import { flagRoutes } from './flag.ts';
import { logsRoutes } from './logs.ts';
import {
  argument,
  commonFlags,
  durationOf,
  optionalArgument,
  rangeFlags,
  serverFlags,
  switchFlag,
  textFlag,
  wholeNumber,
} from './parameter.ts';
import { rolloutRoutes } from './rollout.ts';
import { errorsRoutes, sentryRoutes, sourcemapsRoutes } from './errors.ts';
import { changeRoutes, signalsRoutes } from './signals.ts';
import { invariantRoutes } from './invariant.ts';
import { storageRoutes } from './storage.ts';
import { tokenRoutes } from './token.ts';
import { tracesRoutes } from './traces.ts';

const port = {
  kind: 'parsed',
  parse: wholeNumber(0, 65_535),
  brief: 'Port to listen on; 0 picks a free one (default 4600)',
  placeholder: 'number',
  optional: true,
} as const;

const server = command({
  load: async () => (await import('../commands/server.ts')).server,
  parameters: {
    flags: {
      ...commonFlags,
      port,
      host: textFlag('Address to listen on (default 127.0.0.1)', 'address'),
      data: textFlag('Folder of the data (default ./.belay)', 'folder'),
      config: textFlag('Configuration (default ./belay.yaml)', 'file'),
    },
  },
  brief: 'Run the server',
});

const demo = command({
  load: async () => (await import('../commands/demo.ts')).demo,
  parameters: {
    flags: {
      ...commonFlags,
      fault: {
        kind: 'enum',
        values: ['none', 'errors', 'subtle', 'latency', 'cost', 'crash', 'noisy-user', 'blind', 'server-death'],
        brief: 'What is wrong with the change',
        default: 'errors',
      },
      exit: switchFlag('End when the change has ended; otherwise stay open until Ctrl-C'),
      keep: switchFlag('Keep the data folder'),
      rate: {
        kind: 'parsed',
        parse: wholeNumber(1, 2000),
        brief: 'Requests per second',
        placeholder: 'number',
        default: '200',
      },
      seed: { kind: 'parsed', parse: wholeNumber(0, 2 ** 31), brief: 'Seed', placeholder: 'number', default: '1' },
      port,
      open: { kind: 'boolean', brief: 'Open the dashboard in a browser where there is a desktop', default: true },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: 'rollback (default): a bad change under real traffic; drift: a shop that became 5% slower',
          placeholder: 'story',
          parse: parseStory,
          optional: true,
        },
      ],
    },
  },
  brief: 'Watch Belay take back a bad change of a real service, or find a slow drift',
});

const init = command({
  load: async () => (await import('../commands/init.ts')).init,
  parameters: {
    flags: {
      ...serverFlags,
      yes: switchFlag('Write without asking'),
      flag: textFlag('Key of the first flag', 'key'),
      service: textFlag('Name of the service (default: from package.json)', 'name'),
    },
  },
  brief: 'Set a service up: belay.yaml and belay.ts',
});

const status = command({
  load: async () => (await import('../commands/status.ts')).status,
  parameters: { flags: serverFlags },
  brief: 'Healthy or not, what is going out, what to look at',
});

const query = command({
  load: async () => (await import('../commands/query.ts')).query,
  parameters: {
    flags: {
      ...serverFlags,
      ...rangeFlags,
      step: {
        kind: 'parsed',
        parse: durationOf,
        brief: 'Distance of points, such as 15s (default: about 250 points)',
        placeholder: 'duration',
        optional: true,
      },
      limit: {
        kind: 'parsed',
        parse: wholeNumber(1, 1000),
        brief: 'Series shown at most',
        placeholder: 'number',
        default: '20',
      },
    },
    positional: { kind: 'tuple', parameters: [argument('PromQL, in quotes', 'promql')] },
  },
  brief: 'Ask stored metrics with PromQL',
});

const kill = command({
  load: async () => (await import('../commands/kill.ts')).kill,
  parameters: {
    flags: {
      ...serverFlags,
      reason: textFlag('Why; stands in the ledger', 'text'),
      yes: switchFlag('Do not ask'),
    },
    positional: { kind: 'tuple', parameters: [optionalArgument('Only this flag', 'flag')] },
  },
  brief: 'Back to the old path at once: one flag, or everything that is going out',
});

const doctor = command({
  load: async () => (await import('../commands/doctor.ts')).doctor,
  parameters: { flags: serverFlags },
  brief: 'Find what is wrong with the set-up, and how to mend it',
});

const login = command({
  load: async () => (await import('../commands/login.ts')).login,
  parameters: { flags: serverFlags },
  brief: 'Keep a token for later commands',
});

const completion = command({
  load: async () => (await import('../commands/completion.ts')).completion,
  parameters: {
    flags: commonFlags,
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'bash, zsh or fish', placeholder: 'shell', parse: parseShell }],
    },
  },
  brief: 'Print a completion script for your shell',
});

const explain = command({
  load: async () => (await import('../commands/explain.ts')).explain,
  parameters: {
    flags: commonFlags,
    positional: { kind: 'tuple', parameters: [optionalArgument('Code of an error', 'code')] },
  },
  brief: 'Explain an error code',
});

const validate = command({
  load: async () => (await import('../commands/config-validate.ts')).configValidate,
  parameters: {
    flags: commonFlags,
    positional: { kind: 'tuple', parameters: [optionalArgument('File (default ./belay.yaml)', 'file')] },
  },
  brief: 'Check belay.yaml; reports everything at once',
});

const configExplain = command({
  load: async () => (await import('../commands/config-explain.ts')).configExplain,
  parameters: { flags: serverFlags },
  brief: 'Print every value in force, and where it comes from',
});

/** Everything `belay` can do. */
export const rootRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: {
    status,
    rollout: rolloutRoutes,
    flag: flagRoutes,
    signals: signalsRoutes,
    change: changeRoutes,
    check: checkRoutes,
    kill,
    query,
    demo,
    init,
    server,
    doctor,
    config: buildRouteMap({ routes: { validate, explain: configExplain }, docs: { brief: 'belay.yaml' } }),
    logs: logsRoutes,
    errors: errorsRoutes,
    sourcemaps: sourcemapsRoutes,
    sentry: sentryRoutes,
    backup: backupRoutes,
    invariant: invariantRoutes,
    storage: storageRoutes,
    token: tokenRoutes,
    traces: tracesRoutes,
    login,
    explain,
    completion,
  },
  docs: {
    brief: 'Change a running service without breaking it',
    fullDescription:
      'Belay lets a change out a little at a time, compares it with what was there before, and takes it back by ' +
      'itself when it hurts. See it at work: belay demo. Set your own service up: belay init.',
  },
});

function parseStory(text: string): 'rollback' | 'drift' {
  if (text === 'rollback' || text === 'drift') return text;
  throw new RangeError(`"${text}" is not one of rollback, drift`);
}

function parseShell(text: string): 'bash' | 'zsh' | 'fish' {
  if (text === 'bash' || text === 'zsh' || text === 'fish') return text;
  throw new RangeError(`"${text}" is not one of bash, zsh, fish`);
}
