import { buildRouteMap, type RouteMap } from '@stricli/core';
import { command } from '../command.ts';
import type { ActFlags } from '../commands/rollout-act.ts';
import type { BelayContext, CommandCode } from '../run.ts';
import { argument, durationOf, optionalArgument, serverFlags, switchFlag, textFlag, wholeNumber } from './parameter.ts';

const reference = optionalArgument(
  'Id, number, flag key or name in belay.yaml; the only one going out when left out',
  'rollout',
);
const onReference = { kind: 'tuple', parameters: [reference] } as const;
const onName = { kind: 'tuple', parameters: [argument('Flag key, or name in belay.yaml', 'name')] } as const;

const planFlags = {
  ...serverFlags,
  config: textFlag('File with the plan (default: ./belay.yaml)', 'file'),
  profile: {
    kind: 'enum',
    values: ['conservative', 'balanced', 'fast'],
    brief: 'How careful to be',
    optional: true,
  },
  component: textFlag('What the change belongs to; one change at a time', 'name'),
  title: textFlag('Title on every screen', 'text'),
  stages: textFlag('Shares with a soak each: 1%/10m,10%/1h,100%', 'stages'),
} as const;

const timeout = {
  kind: 'parsed',
  parse: durationOf,
  brief: 'Give up waiting after this long (exit 12, or 11 when held)',
  placeholder: 'duration',
  optional: true,
} as const;

const plan = command({
  load: async () => (await import('../commands/rollout-plan.ts')).rolloutPlan,
  parameters: { flags: planFlags, positional: onName },
  brief: 'Say what a rollout would do and how long its proof takes',
});

const start = command({
  load: async () => (await import('../commands/rollout-start.ts')).rolloutStart,
  parameters: {
    flags: { ...planFlags, watch: switchFlag('Wait for the end; the exit code tells how'), timeout },
    positional: onName,
  },
  brief: 'Start a rollout',
});

const list = command({
  load: async () => (await import('../commands/rollout-list.ts')).rolloutList,
  parameters: { flags: { ...serverFlags, limit: limitFlag() } },
  brief: 'List rollouts, newest first',
});

const status = command({
  load: async () => (await import('../commands/rollout-status.ts')).rolloutStatus,
  parameters: { flags: { ...serverFlags, watch: switchFlag('Wait for the end'), timeout }, positional: onReference },
  brief: 'Show a rollout; exits 10 when rolled back, 11 when held',
});

const watch = command({
  load: async () => (await import('../commands/rollout-status.ts')).rolloutWatch,
  parameters: { flags: { ...serverFlags, timeout }, positional: onReference },
  brief: 'Follow a rollout to its end; the exit code tells how it ended',
});

const why = command({
  load: async () => (await import('../commands/rollout-why.ts')).rolloutWhy,
  parameters: { flags: serverFlags, positional: onReference },
  brief: 'Print the evidence behind the verdict',
});

const replay = command({
  load: async () => (await import('../commands/rollout-replay.ts')).rolloutReplay,
  parameters: { flags: serverFlags, positional: onReference },
  brief: 'Recompute every verdict from stored outcomes; exits 1 where one differs',
});

const aa = command({
  load: async () => (await import('../commands/rollout-aa.ts')).rolloutAa,
  parameters: {
    flags: {
      ...planFlags,
      runs: {
        kind: 'parsed',
        parse: wholeNumber(1, 100_000),
        brief: 'How many rollouts to simulate',
        placeholder: 'number',
        default: '500',
      },
      seed: { kind: 'parsed', parse: wholeNumber(0, 2 ** 31), brief: 'Seed', placeholder: 'number', default: '1' },
      rate: {
        kind: 'parsed',
        parse: wholeNumber(1, 1_000_000),
        brief: 'Requests per minute (default: as measured)',
        placeholder: 'number',
        optional: true,
      },
      errors: textFlag('Error rate such as 0.5% (default: as measured)', 'percent'),
    },
    positional: onName,
  },
  brief: 'Simulate harmless rollouts under the plan and publish how many would be rolled back',
});

type ActLoader = () => Promise<CommandCode<ActFlags, [reference?: string]>>;

function actCommand(brief: string, load: ActLoader) {
  return command({
    load,
    parameters: {
      flags: { ...serverFlags, reason: textFlag('Why; stands in the ledger', 'text') },
      positional: onReference,
    },
    brief,
  });
}

function limitFlag() {
  const brief = 'How many';
  return { kind: 'parsed', parse: wholeNumber(1, 200), brief, placeholder: 'number', default: '20' } as const;
}

const acts = () => import('../commands/rollout-act.ts');

/** `belay rollout ...` */
export const rolloutRoutes: RouteMap<BelayContext> = buildRouteMap({
  routes: {
    plan,
    start,
    list,
    status,
    watch,
    hold: actCommand('Hold at the present share', async () => (await acts()).rolloutHold),
    resume: actCommand('Go on after a hold', async () => (await acts()).rolloutResume),
    approve: actCommand('Approve the next stage', async () => (await acts()).rolloutApprove),
    promote: actCommand('Go to the next stage now (needs a reason)', async () => (await acts()).rolloutPromote),
    rollback: actCommand('Roll back now', async () => (await acts()).rolloutRollback),
    cancel: actCommand('Discard a draft', async () => (await acts()).rolloutCancel),
    acknowledge: actCommand('Acknowledge the cause of a rollback', async () => (await acts()).rolloutAcknowledge),
    why,
    replay,
    aa,
  },
  docs: { brief: 'Let a change out a little at a time, watched' },
});
