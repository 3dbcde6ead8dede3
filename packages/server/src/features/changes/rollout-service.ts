import { randomBytes } from 'node:crypto';
import { BelayError } from '@belay/core';
import {
  type Actor,
  draftOf,
  type LedgerEffect,
  next,
  planRollout,
  type Policy,
  type RolloutEvent,
  type RolloutInput,
  type RolloutPlan,
  type RolloutState,
  type StartConflict,
  startConflicts,
} from '@belay/core/rollout';
import type { Database } from '../../platform/sqlite/database.ts';
import type { ChangesOptions } from './api.ts';
import { readHistory } from './baseline-history.ts';
import type { FreezeService } from './freeze-service.ts';
import type { RolloutRecord } from './rollout-record.ts';
import type { RolloutRegister } from './rollout-register.ts';
import { listRollouts } from './rollout-store.ts';
import type { TransitionWriter } from './transition-writer.ts';

/** Whose word it is. */
export interface Said {
  readonly actor: Actor;
  readonly reason: string | null;
}

/** What may be asked of a rollout by its name alone. */
export type Ask = 'start' | 'hold' | 'resume' | 'approve' | 'promote' | 'rollback' | 'cancel' | 'kill' | 'acknowledge';

/** The use cases of rollouts; no HTTP words. */
export interface RolloutService {
  /** The plan with every default, or `rollout.invalid` with all issues. */
  plan(input: RolloutInput): Promise<RolloutPlan>;
  /** What policy would refuse a start for, right now. */
  conflicts(plan: RolloutPlan, ownId?: string): Promise<readonly StartConflict[]>;
  create(input: RolloutInput, actor: Actor): Promise<RolloutRecord>;
  act(reference: string, ask: Ask, said: Said): Promise<RolloutRecord>;
  /** Takes back everything that is going out; their ids. */
  killAll(said: Said): Promise<readonly string[]>;
}

interface ServiceOptions extends Pick<ChangesOptions, 'clock' | 'flags' | 'telemetry' | 'log'> {
  readonly db: Database;
  readonly policy: Policy;
  readonly register: RolloutRegister;
  readonly writer: TransitionWriter;
  readonly freeze: FreezeService;
  readonly clockTime: (at: number) => string;
}

export function createRolloutService(options: ServiceOptions): RolloutService {
  const { clock, register, writer, freeze } = options;
  const plan = async (input: RolloutInput): Promise<RolloutPlan> => planOf(options, input);
  const conflicts = async (wanted: RolloutPlan, ownId?: string): Promise<readonly StartConflict[]> =>
    conflictsOf(options, wanted, ownId);
  const act = async (reference: string, ask: Ask, said: Said): Promise<RolloutRecord> => {
    const prepared = ask === 'start' ? await prepareStart(options, reference) : {};
    return register.inLane(async () => {
      const record = await register.current(reference);
      const now = clock.now();
      if (ask === 'start') refuse(await conflictsOf(options, record.state.plan, record.id));
      const event = eventOf(ask, said, freeze.at(now));
      const transition = next(record.state, event, now);
      if (transition.effects.length === 0) return record;
      const seed =
        ask === 'start' && record.state.plan.reseed && record.state.status === 'rolled-back' ? newSeed() : record.seed;
      return writer.write(record, transition, { now, seed, ...prepared });
    });
  };
  return {
    plan,
    conflicts,
    act,
    async create(input, actor) {
      const wanted = await plan(input);
      const createdAt = clock.now();
      const state = draftOf(wanted, { attempt: 1, failures: 0 });
      const fresh = {
        id: `rol_${randomBytes(9).toString('base64url')}`,
        input,
        state,
        seed: newSeed(),
        engine: null,
        createdAt,
        createdBy: actor,
      };
      return register.inLane(() => writer.create(fresh, createdEntry(state, actor)));
    },
    async killAll(said) {
      const ids = register.active().map(({ id }) => id);
      for (const id of ids) await act(id, 'kill', said);
      return ids;
    },
  };
}

async function planOf({ flags, policy, telemetry, clock }: ServiceOptions, input: RolloutInput): Promise<RolloutPlan> {
  const facts = await flags.facts(input.flag);
  if (facts === null) {
    throw new BelayError('flag.not-found', `There is no flag "${input.flag}".`, {
      hint: `Create it first: belay flag set ${input.flag} --variants off,on --default off`,
      issues: [
        { path: 'flag', message: 'names a flag that does not exist', seen: input.flag, mend: 'create the flag first' },
      ],
    });
  }
  const history = await readHistory(telemetry, { flagKey: facts.key, variant: facts.defaultVariant, now: clock.now() });
  const result = planRollout(input, { ...facts, p95Ms: history.p95Ms }, policy);
  if (result.plan !== undefined) return result.plan;
  throw new BelayError('rollout.invalid', 'This rollout cannot go out as it is written.', {
    hint: 'Each issue names the field and how to mend it.',
    issues: result.issues,
  });
}

async function conflictsOf(
  options: ServiceOptions,
  plan: RolloutPlan,
  ownId?: string,
): Promise<readonly StartConflict[]> {
  const { register, db, clock, freeze, clockTime } = options;
  const now = clock.now();
  const goingOut = register
    .active()
    .filter(
      ({ id, state }) =>
        id !== ownId && (state.plan.component === plan.component || state.plan.flagKey === plan.flagKey),
    )
    .map(({ id, state }) => ({ id, title: state.plan.title, flagKey: state.plan.flagKey }));
  const earlier = await listRollouts(db, { limit: 50, flag: plan.flagKey });
  const previous = earlier.items.find(({ state }) => isSameChange(state, plan) && state.startedAt !== null);
  return startConflicts(plan, { now, freeze: freeze.at(now), goingOut, previous: previousOf(previous), clockTime });
}

/** Only a change that was taken back has to wait; one that was kept or stopped by hand does not. */
function previousOf(record: RolloutRecord | undefined): RolloutState | null {
  return record?.state.status === 'rolled-back' ? record.state : null;
}

function isSameChange({ plan }: RolloutState, other: RolloutPlan): boolean {
  return plan.flagKey === other.flagKey && plan.canaryVariant === other.canaryVariant;
}

function refuse(conflicts: readonly StartConflict[]): void {
  const first = conflicts[0];
  if (first === undefined) return;
  const others = conflicts.slice(1).map(({ sentence }) => sentence);
  throw new BelayError(first.code, [first.sentence, ...others].join(' '), {
    hint: first.hint,
    details: { ...first.details },
  });
}

/** The old path's past is read before the lane is taken: the telemetry store may be slow, a rollback may not be. */
async function prepareStart(
  { db: _db, register, telemetry, clock }: ServiceOptions,
  reference: string,
): Promise<{ readonly baseline: Awaited<ReturnType<typeof readHistory>>['baseline'] }> {
  const { state } = await register.current(reference);
  const { flagKey, controlVariant } = state.plan;
  const { baseline } = await readHistory(telemetry, { flagKey, variant: controlVariant, now: clock.now() });
  return { baseline };
}

function eventOf(ask: Ask, { actor, reason }: Said, frozen: ReturnType<FreezeService['at']>): RolloutEvent {
  switch (ask) {
    case 'start':
      return { type: 'start', actor, frozen };
    case 'promote':
      return { type: 'promote', actor, reason, frozen };
    case 'hold':
    case 'resume':
    case 'approve':
    case 'rollback':
    case 'kill':
    case 'cancel':
    case 'acknowledge':
      return { type: ask, actor, reason };
  }
}

function createdEntry(state: RolloutState, actor: Actor): LedgerEffect {
  return {
    type: 'ledger',
    kind: 'rollout.created',
    sentence: `${state.plan.title} was planned.`,
    tone: 'none',
    actor,
    reason: null,
    details: { attempt: 1 },
  };
}

function newSeed(): string {
  return randomBytes(8).toString('hex');
}
