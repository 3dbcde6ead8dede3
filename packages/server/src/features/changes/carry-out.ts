import type { RolloutEffect, RolloutState, Transition } from '@belay/core/rollout';
import type { RolloutOverlay } from '@belay/core/flag';
import type { DatabaseTransaction } from '../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../ledger/api.ts';
import { stateHash } from '../guards/api.ts';
import type { AfterCommit, ChangesContext } from './changes-context.ts';
import type { RolloutRecord } from './rollout-record.ts';
import { updateRollout } from './rollout-store.ts';
import { appendDecision, writeUndo } from './rollout-trail.ts';

/** A transition and the record it belongs to. */
export interface CarryOut {
  readonly context: ChangesContext;
  readonly trx: DatabaseTransaction;
  readonly after: AfterCommit;
  readonly record: RolloutRecord;
  readonly now: number;
}

/**
 * Writes the new state with everything that follows from it in one transaction: flag overlay, ledger, decisions, and
 * the wait for the instances. The written record.
 */
export async function carryOut(work: CarryOut, { state, effects }: Transition): Promise<RolloutRecord> {
  let record: RolloutRecord = { ...work.record, state };
  for (const effect of effects) record = await carryOutEffect({ ...work, record }, effect);
  const written = await updateRollout(work.trx, record);
  work.after.events.push({ type: 'rollout', at: work.now, rolloutId: record.id, status: state.status });
  return written;
}

async function carryOutEffect(work: CarryOut, effect: RolloutEffect): Promise<RolloutRecord> {
  const { trx, after, record, now, context } = work;
  switch (effect.type) {
    case 'set-share': {
      const revision = await context.flags.putOverlay(trx, overlayOf(record, effect.share));
      after.hasNewRevision = true;
      return withRevision(record, revision);
    }
    case 'remove-overlay':
      return removeOverlay(work, effect.serve);
    case 'ledger': {
      const { plan } = record.state;
      const { type: _type, ...entry } = effect;
      const written = await appendLedger(trx, { ...entry, at: now, rolloutId: record.id, flagKey: plan.flagKey });
      after.events.push(ledgerEvent(written));
      return record;
    }
    case 'decision': {
      if (record.engine === null) return record;
      const hash = stateHash(record.engine.state);
      const key = { rolloutId: record.id, attempt: record.state.attempt };
      await appendDecision(trx, key, { ...effect.decision, stateHash: hash, at: now });
      return record;
    }
    case 'alert':
      context.log.warn({ rolloutId: record.id, sentence: effect.sentence }, 'rollout needs attention');
      return record;
  }
}

async function removeOverlay(work: CarryOut, serve: 'control' | 'canary'): Promise<RolloutRecord> {
  const { trx, after, record, now, context } = work;
  const { plan, attempt, ending } = record.state;
  const revision = await context.flags.removeOverlay(trx, {
    rolloutId: record.id,
    flagKey: plan.flagKey,
    serve,
    canaryVariant: plan.canaryVariant,
    actor: ending?.actor ?? { kind: 'machine', name: 'Belay', via: 'guard' },
    at: now,
  });
  after.hasNewRevision = true;
  if (serve === 'canary') return record;
  const expected = context.flags
    .instances()
    .filter(({ connected }) => connected)
    .map(({ service, instance }) => `${service}/${instance}`);
  await writeUndo(
    trx,
    { rolloutId: record.id, attempt },
    { revision, decidedAt: now, expected, confirmed: {}, completedAt: null },
  );
  context.undos.add(record.id);
  return record;
}

/** The overlay that serves a share of units the new path. */
export function overlayOf({ id, seed, state }: RolloutRecord, share: number): RolloutOverlay {
  const { plan, attempt } = state;
  return {
    rolloutId: id,
    attempt,
    flagKey: plan.flagKey,
    controlVariant: plan.controlVariant,
    canaryVariant: plan.canaryVariant,
    share: Math.round(share * 1_000_000),
    seed,
    bucketing: 'flagd-v2',
    leaseMs: plan.leaseMs,
  };
}

/** The first overlay of an attempt marks from which flag revision on its outcomes count. */
function withRevision(record: RolloutRecord, revision: number): RolloutRecord {
  const { engine } = record;
  if (engine === null || engine.sinceRevision > 0) return record;
  return { ...record, engine: { ...engine, sinceRevision: revision } };
}

/** Share of units that get the new path in a state. */
export function servedShare(state: RolloutState): number {
  if (state.status === 'completed') return 1;
  if (state.status !== 'running' && state.status !== 'held') return 0;
  return state.plan.stages[state.stage]?.share ?? 0;
}
