import { BelayError } from '@belay/core';
import type { EvaluationContext, GuardedResult, RolloutOverlay } from '@belay/core/flag';
import { keyName } from '@belay/protocol';
import type { ActorView, FlagTryRequest, FlagTryResult, FlagView, FlagWrite, LiveEvent } from '@belay/protocol';
import { checkPrecondition } from '../../platform/http/precondition.ts';
import type { Precondition } from '../../platform/http/precondition.ts';
import { transaction } from '../../platform/sqlite/database.ts';
import type { Database, DatabaseTransaction } from '../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../ledger/api.ts';
import type { LedgerWrite } from '../ledger/api.ts';
import type { FlagsForChanges, OverlayEnding } from '../changes/api.ts';
import { checkDefinition, oldPathOf, requireUnguarded } from './flag-rules.ts';
import type { FlagState } from './flag-state.ts';
import {
  deleteFlag,
  deleteOverlay,
  findFlag,
  findOverlay,
  nextRevision,
  requireFlag,
  saveFlag,
  saveOverlay,
} from './flag-store.ts';
import type { StoredFlag } from './flag-store.ts';
import type { FlagStream } from './flag-stream.ts';
import type { InstanceRegistry } from './instance-registry.ts';
import { evaluateServed, tryContexts } from './served-evaluation.ts';
import { flagView } from './flag-view.ts';

export interface FlagServiceOptions {
  readonly db: Database;
  readonly clock: { now(): number };
  readonly log: { error(facts: object, message: string): void };
  readonly bus: { publish(event: LiveEvent): void };
  readonly leasesGranted: (now: number) => readonly string[];
  readonly state: FlagState;
  readonly registry: InstanceRegistry;
  readonly stream: FlagStream;
}

type KillListener = (rolloutId: string, flagKey: string, reason: string | null) => void;

/** What can be done with flags. Every write is one transaction with its ledger entry and a new revision. */
export interface FlagService extends Pick<FlagsForChanges, 'facts' | 'putOverlay' | 'removeOverlay' | 'publish'> {
  list(query: { readonly cursor?: string | undefined; readonly limit: number }): {
    readonly items: FlagView[];
    readonly next: string | null;
  };
  get(key: string): FlagView;
  put(key: string, write: FlagWrite, by: WriteOptions): Promise<FlagView>;
  remove(key: string, by: WriteOptions): Promise<void>;
  kill(key: string, by: { readonly actor: ActorView; readonly reason?: string | undefined }): Promise<FlagView>;
  onKilled(listener: KillListener): () => void;
  evaluate(key: string, context: EvaluationContext): GuardedResult;
  tryOut(key: string, request: FlagTryRequest): FlagTryResult;
}

export interface WriteOptions {
  readonly actor: ActorView;
  readonly precondition: Precondition;
}

export function createFlagService(options: FlagServiceOptions): FlagService {
  const { clock, state } = options;
  const killed = new Set<KillListener>();
  const get = (key: string): FlagView => viewNow(options, key);
  return {
    list: (query) => listFlags(options, query),
    get,
    put: async (key, write, by) => {
      await putFlag(options, { key, write, by });
      return get(key);
    },
    remove: async (key, by) => removeFlag(options, key, by),
    kill: async (key, by) => {
      const ended = await killFlag(options, key, by);
      if (ended !== undefined) for (const listener of killed) listener(ended, key, by.reason ?? null);
      return get(key);
    },
    onKilled(listener) {
      killed.add(listener);
      return () => killed.delete(listener);
    },
    evaluate: (key, context) => evaluateServed(state.current(), { key, context, ...momentOf(options) }),
    tryOut: (key, request) => tryContexts(state.current(), { key, request, now: clock.now() }),
    facts: async (key) => factsOf(await findFlag(options.db, key)),
    putOverlay: (trx, overlay) => putOverlay(trx, overlay, clock.now()),
    removeOverlay,
    publish: () => void refreshAndSend(options),
  };
}

/** The old path of a flag, at once: the rollout's overlay goes, the rule is bypassed. Resolves to the rollout ended. */
async function killFlag(
  options: FlagServiceOptions,
  key: string,
  { actor, reason }: { readonly actor: ActorView; readonly reason?: string | undefined },
): Promise<string | undefined> {
  const at = options.clock.now();
  let ended: string | undefined;
  await write(options, async (trx) => {
    const flag = await requireFlag(trx, key);
    const overlay = await findOverlay(trx, key);
    const variant = oldPathOf(flag, overlay);
    const change = `killed: everybody gets "${variant}"`;
    if (overlay !== undefined) await deleteOverlay(trx, overlay.rolloutId);
    ended = overlay?.rolloutId;
    const endedAttempt = overlay === undefined ? null : { rolloutId: overlay.rolloutId, attempt: overlay.attempt };
    const kill = { variant, at, reason: reason ?? null, ended: endedAttempt };
    await saveFlag(trx, { ...changed(flag, { at, actor, change }), killed: kill });
    return {
      at,
      actor,
      kind: 'flag.killed',
      sentence: `${key} was switched back by hand: everybody gets "${variant}".`,
      tone: 'bad',
      flagKey: key,
      rolloutId: ended ?? null,
      reason: reason ?? null,
      details: { variant, before: flag.definition },
    };
  });
  return ended;
}

async function putFlag(
  options: FlagServiceOptions,
  { key, write: input, by }: { key: string; write: FlagWrite; by: WriteOptions },
): Promise<void> {
  checkDefinition(key, input);
  const at = options.clock.now();
  await write(options, async (trx) => {
    const before = await findFlag(trx, key);
    checkPrecondition(by.precondition, before?.version);
    requireUnguarded(before, input, await findOverlay(trx, key));
    const what = changeOf(before, input);
    const base = before ?? freshFlag(key, at, by.actor);
    const description = input.description === undefined ? base.description : input.description;
    // Writing a definition is how a killed flag is put back into service.
    const after = {
      ...changed(base, { at, actor: by.actor, change: what }),
      definition: input.definition,
      description,
    };
    await saveFlag(trx, { ...after, version: before === undefined ? 1 : after.version, killed: null });
    return {
      at,
      actor: by.actor,
      kind: before === undefined ? 'flag.created' : 'flag.changed',
      sentence: `${key} was ${what}.`,
      tone: 'none',
      flagKey: key,
      details: { before: before?.definition ?? null, after: input.definition },
    };
  });
}

async function removeFlag(
  options: FlagServiceOptions,
  key: string,
  { actor, precondition }: WriteOptions,
): Promise<void> {
  const at = options.clock.now();
  await write(options, async (trx) => {
    const flag = await requireFlag(trx, key);
    checkPrecondition(precondition, flag.version);
    requireUnguarded(flag, undefined, await findOverlay(trx, key));
    await deleteFlag(trx, key);
    const details = { before: flag.definition };
    return { at, actor, kind: 'flag.deleted', sentence: `${key} was deleted.`, tone: 'none', flagKey: key, details };
  });
}

async function putOverlay(trx: DatabaseTransaction, overlay: RolloutOverlay, at: number): Promise<number> {
  const flag = await requireFlag(trx, overlay.flagKey);
  requirePinned(await findOverlay(trx, overlay.flagKey), overlay);
  requireNotKilled(flag, overlay);
  await saveOverlay(trx, overlay);
  const change = `put in a rollout: ${overlay.share / 10_000}% get "${overlay.canaryVariant}"`;
  const actor: ActorView = { kind: 'machine', name: 'rollout', via: 'guard' };
  // Starting another attempt is a decision to serve the new path again, so it lifts an earlier kill.
  await saveFlag(trx, {
    ...changed(flag, { at, actor, change }),
    controlVariant: overlay.controlVariant,
    killed: null,
  });
  return nextRevision(trx);
}

/** The control loop may be about to write the next stage while somebody presses the kill switch: the switch wins. */
function requireNotKilled({ key, killed }: StoredFlag, { rolloutId, attempt }: RolloutOverlay): void {
  const ended = killed?.ended;
  if (ended === undefined || ended === null || ended.rolloutId !== rolloutId || ended.attempt !== attempt) return;
  throw new BelayError('rollout.not-allowed', `"${key}" was switched back by hand; this attempt is over.`, {
    hint: 'Start a new attempt when the cause is known.',
    details: { rolloutId, attempt },
  });
}

/** Whoever is in stays in only if seed, bucketing and variants stay as they are for the whole attempt. */
function requirePinned(before: RolloutOverlay | undefined, after: RolloutOverlay): void {
  if (before === undefined) return;
  if (before.rolloutId !== after.rolloutId) {
    throw new BelayError('flag.guarded', `Rollout ${before.rolloutId} is in charge of "${after.flagKey}".`, {
      hint: 'End that rollout first.',
    });
  }
  if (before.attempt !== after.attempt) return;
  for (const field of ['seed', 'bucketing', 'controlVariant', 'canaryVariant'] as const) {
    if (before[field] === after[field]) continue;
    throw new BelayError('rollout.not-allowed', `"${field}" cannot change while an attempt runs.`, {
      hint: 'End this attempt and start a new one.',
      issues: [{ path: field, message: 'is pinned', seen: after[field], mend: before[field] }],
    });
  }
}

async function removeOverlay(trx: DatabaseTransaction, ending: OverlayEnding): Promise<number> {
  const { flagKey, rolloutId, serve, canaryVariant, actor, at } = ending;
  const overlay = await findOverlay(trx, flagKey);
  await deleteOverlay(trx, rolloutId);
  const flag = await findFlag(trx, flagKey);
  // A kill in between has decided already; its old path stays.
  if (flag !== undefined && flag.killed === null) {
    const variant = serve === 'canary' ? canaryVariant : (overlay?.controlVariant ?? flag.controlVariant);
    const definition = variant === null ? flag.definition : { ...flag.definition, defaultVariant: variant };
    const change = serve === 'canary' ? `let out to everybody: "${canaryVariant}"` : 'put back on the old path';
    await saveFlag(trx, { ...changed(flag, { at, actor, change }), definition });
  }
  return nextRevision(trx);
}

/** Runs a write with its ledger entry and revision in one transaction, then tells everybody. */
async function write(
  options: FlagServiceOptions,
  work: (trx: DatabaseTransaction) => Promise<LedgerWrite>,
): Promise<void> {
  const { db, bus } = options;
  const { entry, revision } = await transaction(db, async (trx) => {
    const told = await appendLedger(trx, await work(trx));
    return { entry: told, revision: await nextRevision(trx) };
  });
  await refreshAndSend(options);
  bus.publish(ledgerEvent(entry));
  bus.publish({ type: 'flag', at: entry.at, flagKey: entry.flagKey ?? '', revision });
}

async function refreshAndSend({ state, stream, log }: FlagServiceOptions): Promise<void> {
  try {
    if (await state.refresh()) stream.send();
  } catch (error) {
    // The change is stored; the next refresh, or a restart, serves it.
    log.error({ err: error }, 'the flag state could not be read after a change');
  }
}

function changed(flag: StoredFlag, by: { at: number; actor: ActorView; change: string }): StoredFlag {
  return { ...flag, version: flag.version + 1, changedAt: by.at, changedBy: by.actor, change: by.change };
}

function freshFlag(
  key: string,
  at: number,
  actor: ActorView,
): Omit<StoredFlag, 'definition'> & Pick<StoredFlag, 'definition'> {
  return {
    key,
    version: 0,
    description: null,
    definition: { state: 'ENABLED', variants: {} },
    killed: null,
    controlVariant: null,
    createdAt: at,
    changedAt: at,
    changedBy: actor,
    change: 'created',
  };
}

function changeOf(before: StoredFlag | undefined, { definition }: FlagWrite): string {
  if (before === undefined) return 'created';
  if (before.killed !== null) return 'put back into service';
  if (before.definition.state !== definition.state)
    return definition.state === 'ENABLED' ? 'switched on' : 'switched off';
  return 'changed';
}

function factsOf(flag: StoredFlag | undefined): Awaited<ReturnType<FlagsForChanges['facts']>> {
  if (flag === undefined) return null;
  const { state, variants, defaultVariant } = flag.definition;
  return { key: flag.key, variants: Object.keys(variants), defaultVariant: defaultVariant ?? null, state };
}

function momentOf({ clock, leasesGranted }: FlagServiceOptions): { now: number; leases: ReadonlySet<string> } {
  const now = clock.now();
  return { now, leases: new Set(leasesGranted(now)) };
}

function viewNow({ state, clock }: FlagServiceOptions, key: string): FlagView {
  const served = state.current();
  const flag = served.flags.get(key);
  if (flag !== undefined) return flagView(flag, served, clock.now());
  throw new BelayError('flag.not-found', `There is no flag "${key.slice(0, 128)}".`, {
    hint: 'List the flags with "belay flag list".',
  });
}

function listFlags(
  { state, clock }: FlagServiceOptions,
  { cursor = '', limit }: { readonly cursor?: string | undefined; readonly limit: number },
): { items: FlagView[]; next: string | null } {
  if (cursor !== '' && !keyName.safeParse(cursor).success) throw wrongCursor(cursor);
  const served = state.current();
  const now = clock.now();
  const after = [...served.flags.values()]
    .filter((flag) => flag.key > cursor)
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const items = after.slice(0, limit).map((flag) => flagView(flag, served, now));
  return { items, next: after.length > limit ? (items.at(-1)?.key ?? null) : null };
}

function wrongCursor(cursor: string): BelayError {
  return new BelayError('request.invalid', 'The cursor is not one that this list gave out.', {
    issues: [{ path: 'cursor', message: 'is not a key of a flag', seen: cursor, mend: 'use "next" of a page' }],
  });
}
