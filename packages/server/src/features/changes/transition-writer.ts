import { invariant } from '@belay/core';
import { engineOptionsOf, type LedgerEffect, type RolloutEffect, type Transition } from '@belay/core/rollout';
import { type Baseline, createEngineConfig, createGuardEngine } from '@belay/core/statistics';
import type { LedgerEntryView } from '@belay/protocol';
import { type Database, type DatabaseTransaction, transaction } from '../../platform/sqlite/database.ts';
import { stateHash } from '../guards/api.ts';
import { appendLedger, ledgerEvent } from '../ledger/api.ts';
import type { ChangesOptions } from './api.ts';
import type { RolloutEngine, RolloutRecord, Undo } from './rollout-record.ts';
import type { RolloutRegister } from './rollout-register.ts';
import { insertRollout, updateRollout } from './rollout-store.ts';
import { appendDecision, writeUndo } from './rollout-trail.ts';
import type { UndoWatch } from './undo-watch.ts';

/** What a transition needs besides itself. */
export interface TransitionContext {
  readonly now: number;
  /** Seed of the hashing when a new attempt begins. */
  readonly seed?: string;
  /** The old path before the start; used when an attempt begins. */
  readonly baseline?: Baseline;
}

/** Carries transitions out: state, overlay, evidence and ledger in one transaction, then tells everybody. */
export interface TransitionWriter {
  /** Must be called inside the register's lane. */
  write(record: RolloutRecord, transition: Transition, context: TransitionContext): Promise<RolloutRecord>;
  /** Writes a new draft with its ledger entry. */
  create(fresh: Omit<RolloutRecord, 'number' | 'version'>, entry: LedgerEffect): Promise<RolloutRecord>;
}

type WriterOptions = Pick<ChangesOptions, 'flags' | 'bus' | 'log'> & {
  readonly db: Database;
  readonly register: RolloutRegister;
  readonly undo: Pick<UndoWatch, 'begin'>;
};

export function createTransitionWriter({ db, flags, bus, log, register, undo }: WriterOptions): TransitionWriter {
  const tell = (record: RolloutRecord, entries: readonly LedgerEntryView[], now: number): void => {
    register.put(record);
    for (const entry of entries) bus.publish(ledgerEvent(entry));
    bus.publish({ type: 'rollout', at: now, rolloutId: record.id, status: record.state.status });
  };
  return {
    async write(record, transition, context) {
      const work = new EffectRun({ flags, log }, record, context);
      const written = await transaction(db, async (trx) => {
        for (const effect of transition.effects) await work.carryOut(trx, transition, effect);
        return updateRollout(trx, { ...record, state: transition.state, seed: work.seed, engine: work.engine });
      });
      if (work.undo !== null) undo.begin({ rolloutId: record.id, attempt: written.state.attempt }, work.undo);
      if (work.isFlagChanged) flags.publish();
      tell(written, work.entries, context.now);
      return written;
    },
    async create(fresh, entry) {
      const { record, written } = await transaction(db, async (trx) => {
        const inserted = await insertRollout(trx, fresh);
        const { type: _type, ...line } = entry;
        const entryView = await appendLedger(trx, {
          ...line,
          at: fresh.createdAt,
          rolloutId: inserted.id,
          flagKey: inserted.state.plan.flagKey,
        });
        return { record: inserted, written: entryView };
      });
      tell(record, [written], fresh.createdAt);
      return record;
    },
  };
}

/** The effects of one transition while its transaction is open. */
class EffectRun {
  readonly entries: LedgerEntryView[] = [];
  isFlagChanged = false;
  undo: Undo | null = null;
  engine: RolloutEngine | null;
  seed: string;
  readonly #outside: Pick<ChangesOptions, 'flags' | 'log'>;
  readonly #record: RolloutRecord;
  readonly #context: TransitionContext;

  constructor(outside: Pick<ChangesOptions, 'flags' | 'log'>, record: RolloutRecord, context: TransitionContext) {
    this.#outside = outside;
    this.#record = record;
    this.#context = context;
    this.engine = record.engine;
    this.seed = context.seed ?? record.seed;
  }

  async carryOut(trx: DatabaseTransaction, transition: Transition, effect: RolloutEffect): Promise<void> {
    switch (effect.type) {
      case 'set-share':
        return this.#setShare(trx, transition, effect.share);
      case 'remove-overlay':
        return this.#removeOverlay(trx, transition, effect.serve);
      case 'ledger':
        return this.#note(trx, effect);
      case 'alert':
        this.#outside.log.warn({ rolloutId: this.#record.id, sentence: effect.sentence }, 'rollout alert');
        return;
      case 'decision': {
        invariant(this.engine !== null, 'a decision follows from evidence');
        const { kind, second, stage, because } = effect.decision;
        const key = { rolloutId: this.#record.id, attempt: transition.state.attempt };
        const hash = stateHash(this.engine.state);
        return appendDecision(trx, key, { kind, second, stage, because, stateHash: hash, at: this.#context.now });
      }
    }
  }

  async #setShare(trx: DatabaseTransaction, { state }: Transition, share: number): Promise<void> {
    const { plan, attempt } = state;
    const revision = await this.#outside.flags.putOverlay(trx, {
      rolloutId: this.#record.id,
      attempt,
      flagKey: plan.flagKey,
      controlVariant: plan.controlVariant,
      canaryVariant: plan.canaryVariant,
      share: Math.round(share * 1_000_000),
      seed: this.seed,
      bucketing: 'flagd-v2',
      leaseMs: plan.leaseMs,
    });
    this.isFlagChanged = true;
    if (this.engine !== null && attempt === this.#record.state.attempt && this.#record.state.stage >= 0) {
      if (this.#record.state.status !== 'rolled-back') return;
    }
    const fromSecond = state.stages[0]?.fromSecond ?? Math.floor(this.#context.now / 1000) + 1;
    const config = createEngineConfig(engineOptionsOf(plan, this.#context.baseline ?? {}));
    const engineState = createGuardEngine(config);
    this.engine = { config, state: engineState, sinceRevision: revision, fromSecond, readThrough: fromSecond - 1 };
  }

  async #removeOverlay(trx: DatabaseTransaction, { state }: Transition, serve: 'control' | 'canary'): Promise<void> {
    const { flags } = this.#outside;
    const revision = await flags.removeOverlay(trx, {
      rolloutId: this.#record.id,
      flagKey: state.plan.flagKey,
      serve,
      canaryVariant: state.plan.canaryVariant,
      actor: state.ending?.actor ?? { kind: 'machine', name: 'Belay', via: 'policy' },
      at: this.#context.now,
    });
    this.isFlagChanged = true;
    if (serve === 'canary') return;
    const connected = flags.instances().filter((instance) => instance.connected);
    const expected = connected.map(({ service, instance }) => `${service}/${instance}`);
    this.undo = { revision, decidedAt: this.#context.now, expected, confirmed: {}, completedAt: null };
    await writeUndo(trx, { rolloutId: this.#record.id, attempt: state.attempt }, this.undo);
  }

  async #note(trx: DatabaseTransaction, { type: _type, ...line }: LedgerEffect): Promise<void> {
    const { id, state } = this.#record;
    this.entries.push(
      await appendLedger(trx, { ...line, at: this.#context.now, rolloutId: id, flagKey: state.plan.flagKey }),
    );
  }
}
