import { randomUUID } from 'node:crypto';
import { BelayError } from '@belay/core';
import {
  draftOf,
  next,
  planRollout,
  type Actor,
  type FlagFacts,
  type Freeze,
  type RolloutAction,
  type RolloutEvent,
  type RolloutInput,
  type RolloutPlan,
  type Trip,
} from '@belay/core/rollout';
import type { DatabaseTransaction } from '../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../ledger/api.ts';
import { carryOut } from './carry-out.ts';
import type { AfterCommit, ChangesContext } from './changes-context.ts';
import { writeFreeze, type FreezeSetting } from './freeze-setting.ts';
import type { RolloutRecord } from './rollout-record.ts';
import { findRollout, insertRollout, requireRollout, rolloutsIn } from './rollout-store.ts';
import { conflictsOf, engineFor, failuresBefore, readHistory, refuseConflicts, type History } from './start-attempt.ts';

/** What somebody asks of a rollout. */
export interface Act {
  readonly action: Exclude<RolloutAction, 'kill'>;
  readonly actor: Actor;
  readonly reason: string | null;
}

/** Use cases of rollouts. */
export interface RolloutService {
  /** The plan with its history, or `rollout.invalid` with everything that is wrong. */
  plan(input: RolloutInput): Promise<{ readonly plan: RolloutPlan; readonly history: History | null }>;
  create(input: RolloutInput, by: { readonly actor: Actor; readonly start: boolean }): Promise<RolloutRecord>;
  act(reference: string, act: Act): Promise<RolloutRecord>;
  /** Rolls back everything that is going out; ids of what was. */
  kill(actor: Actor, reason: string | null): Promise<readonly string[]>;
  trip(rolloutId: string, trip: Trip): Promise<void>;
  freeze(freeze: FreezeSetting | null, actor: Actor): Promise<void>;
}

export function createRolloutService(context: ChangesContext): RolloutService {
  const { db, clock } = context;
  const begin = async (input: RolloutInput): Promise<{ plan: RolloutPlan; history: History | null }> => {
    const facts = await context.flags.facts(input.flag);
    if (facts === null) throw noSuchFlag(input.flag);
    const history = await historyOrNull(context, input.flag, input.from ?? facts.defaultVariant ?? '');
    return { plan: planOrThrow(context, input, { ...facts, p95Ms: history?.p95Ms ?? null }), history };
  };
  return {
    plan: begin,
    async create(input, { actor, start }) {
      const { plan } = await begin(input);
      const history = start ? await readHistory(context, plan.flagKey, plan.controlVariant) : null;
      return context.write(async (trx, after) => {
        if (start) refuseConflicts(await conflictsOf(context, trx, { plan, except: null }));
        const record = await insertDraft({ context, trx, after }, { input, plan, actor });
        return history === null ? record : startIn({ context, trx, after }, { record, actor, history });
      });
    },
    async act(reference, act) {
      const seen = await requireRollout(db, reference);
      const { plan } = seen.state;
      const history = act.action === 'start' ? await readHistory(context, plan.flagKey, plan.controlVariant) : null;
      return context.write(async (trx, after) => {
        const record = await requireRollout(trx, seen.id);
        if (history !== null) return startIn({ context, trx, after }, { record, actor: act.actor, history });
        const now = clock.now();
        const frozen = await context.gate(trx, now);
        return carryOut({ context, trx, after, record, now }, next(record.state, eventOf(act, frozen), now));
      });
    },
    ...everythingAtOnce(context),
  };
}

function everythingAtOnce(context: ChangesContext): Pick<RolloutService, 'kill' | 'trip' | 'freeze'> {
  const { clock } = context;
  return {
    kill: (actor, reason) =>
      context.write(async (trx, after) => {
        const now = clock.now();
        const open = await rolloutsIn(trx, ['scheduled', 'running', 'held']);
        for (const record of open) {
          await carryOut(
            { context, trx, after, record, now },
            next(record.state, { type: 'kill', actor, reason }, now),
          );
        }
        return open.map(({ id }) => id);
      }),
    trip: (rolloutId, trip) =>
      context.write(async (trx, after) => {
        const record = await findRollout(trx, rolloutId);
        const now = clock.now();
        if (record === undefined || record.id !== rolloutId) return;
        const transition = next(record.state, { type: 'trip', trip }, now);
        if (transition.effects.length === 0) return;
        await carryOut({ context, trx, after, record, now }, transition);
      }),
    freeze: (freeze, actor) =>
      context.write(async (trx, after) => {
        const now = clock.now();
        await writeFreeze(trx, freeze, now);
        const sentence =
          freeze === null
            ? 'Ended the freeze of changes.'
            : `Froze changes until ${context.clockTime(freeze.until, 'minute')}: ${freeze.reason}`;
        const kind = freeze === null ? 'changes.unfrozen' : 'changes.frozen';
        const entry = await appendLedger(trx, {
          at: now,
          actor,
          kind,
          sentence,
          tone: 'none',
          reason: freeze?.reason ?? null,
        });
        after.events.push(ledgerEvent(entry));
      }),
  };
}

interface Writing {
  readonly context: ChangesContext;
  readonly trx: DatabaseTransaction;
  readonly after: AfterCommit;
}

function eventOf({ action, actor, reason }: Act, frozen: Freeze | null): RolloutEvent {
  switch (action) {
    case 'start':
    case 'promote':
      return { type: action, actor, reason, frozen };
    case 'hold':
    case 'resume':
    case 'approve':
      return { type: action, actor, reason };
    case 'rollback':
      return { type: action, actor, reason };
    case 'cancel':
    case 'acknowledge':
      return { type: action, actor, reason };
  }
}

async function insertDraft(
  { context, trx, after }: Writing,
  { input, plan, actor }: { readonly input: RolloutInput; readonly plan: RolloutPlan; readonly actor: Actor },
): Promise<RolloutRecord> {
  const now = context.clock.now();
  const id = randomUUID();
  const before = await failuresBefore(trx, plan);
  const failures = before?.state.status === 'completed' ? 0 : (before?.state.failures ?? 0);
  // The same users again after a rollback, unless the plan asks for others.
  const seed = before !== undefined && !plan.reseed ? before.seed : `${plan.flagKey}:${id.slice(0, 8)}:`;
  const state = draftOf(plan, { attempt: 1, failures });
  const record = await insertRollout(trx, { id, input, state, seed, engine: null, createdAt: now, createdBy: actor });
  const entry = await appendLedger(trx, {
    at: now,
    actor,
    kind: 'rollout.created',
    sentence: `Planned "${plan.title}": ${plan.controlVariant} -> ${plan.canaryVariant} of ${plan.flagKey}.`,
    tone: 'none',
    rolloutId: id,
    flagKey: plan.flagKey,
  });
  after.events.push(ledgerEvent(entry));
  return record;
}

async function startIn(
  { context, trx, after }: Writing,
  { record, actor, history }: { readonly record: RolloutRecord; readonly actor: Actor; readonly history: History },
): Promise<RolloutRecord> {
  const now = context.clock.now();
  const { plan } = record.state;
  // The state machine speaks first: it knows whether a start is possible at all.
  const transition = next(record.state, { type: 'start', actor, frozen: null }, now);
  refuseConflicts(await conflictsOf(context, trx, { plan, except: record.id }));
  const engine = engineFor(plan, history, now);
  return carryOut({ context, trx, after, record: { ...record, engine }, now }, transition);
}

function planOrThrow(context: ChangesContext, input: RolloutInput, facts: FlagFacts): RolloutPlan {
  const result = planRollout(input, facts, context.policy);
  if (result.plan !== undefined) return result.plan;
  const { issues } = result;
  throw new BelayError(
    'rollout.invalid',
    `The plan has ${issues.length === 1 ? 'one thing' : `${issues.length} things`} to mend.`,
    {
      hint: issues.map(({ path, message }) => `${path}: ${message}`).join(' '),
      issues,
    },
  );
}

async function historyOrNull(context: ChangesContext, flagKey: string, variant: string): Promise<History | null> {
  try {
    return await readHistory(context, flagKey, variant);
  } catch (err) {
    // A plan without figures is still a plan; starting needs the store.
    context.log.warn({ err, flagKey }, 'the past of a flag could not be read');
    return null;
  }
}

function noSuchFlag(key: string): BelayError {
  return new BelayError('flag.not-found', `There is no flag "${key}".`, {
    hint: 'Create it first: belay flag set, or PUT /api/v1/flags/{key}.',
    issues: [
      { path: 'flag', message: 'There is no such flag.', seen: key, mend: 'Write the key of a flag that exists.' },
    ],
  });
}
