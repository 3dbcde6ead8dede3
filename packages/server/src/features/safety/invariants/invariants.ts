import { BelayError } from '@belay/core';
import type {
  ActorView,
  InvariantList,
  InvariantOccasion,
  InvariantResult,
  InvariantView,
  LiveEvent,
} from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import type { Selectable } from 'kysely';
import type { Bus } from '../../../platform/bus/bus.ts';
import { defineRoutes } from '../../../platform/http/route.ts';
import type { Log } from '../../../platform/log/log.ts';
import { repeat, type Repetition } from '../../../platform/scheduler/scheduler.ts';
import { transaction, type Database } from '../../../platform/sqlite/database.ts';
import type { InvariantResultTable } from '../../../platform/sqlite/invariants-tables.ts';
import { appendLedger, ledgerEvent } from '../../ledger/api.ts';
import { checkInvariantsOn } from './check-invariants-on.ts';
import type { InvariantSettings } from './invariant-settings.ts';

export interface InvariantsOptions {
  readonly db: Database;
  readonly bus: Pick<Bus, 'publish' | 'subscribe'>;
  readonly clock: { now(): number };
  readonly log: Log;
  readonly invariants: readonly InvariantSettings[];
}

/** Invariants of databases in use: whether they hold, and what follows when one does not. */
export interface Invariants {
  readonly routes: (app: FastifyInstance) => Promise<void>;
  /** What is broken, in a sentence without a full stop; null while nothing is. Rollouts do not go on meanwhile. */
  broken(): string | null;
  /** The same, under the name by which rollouts ask it. */
  readonly gate: { readonly brokenInvariant: () => string | null };
  check(occasion: InvariantOccasion, names?: readonly string[]): Promise<InvariantList>;
  /** Reads what was known before the restart; then checks at once, every hour, and after each deploy. */
  start(): Promise<void>;
  close(): Promise<void>;
}

type Stored = Selectable<InvariantResultTable>;

interface State extends InvariantsOptions {
  readonly results: Map<string, Stored>;
  /** Checks run one after another. */
  queue: Promise<unknown>;
}

const HOUR_MS = 3_600_000;
/** Between what was found and why it cannot be looked at again. */
const UNCHECKED = ' It cannot be checked now: ';
const BELAY: ActorView = { kind: 'machine', name: 'Belay', via: 'policy' };

export function createInvariants(options: InvariantsOptions): Invariants {
  const state: State = { ...options, results: new Map(), queue: Promise.resolve() };
  const check: Invariants['check'] = (occasion, names) => {
    const run = state.queue.then(() => checkAll(state, occasion, names));
    state.queue = run.catch(() => undefined);
    return run;
  };
  const checkLater = (occasion: InvariantOccasion): void => {
    check(occasion).catch((err: unknown) => options.log.error({ err }, 'invariants could not be checked'));
  };
  let hourly: Repetition | undefined;
  let stopListening: (() => void) | undefined;
  return {
    routes: async (app) =>
      defineRoutes(app, {
        invariantList: async () => listOf(state),
        invariantCheck: ({ body }) => check('demand', body.names),
      }),
    broken: () => brokenOf(state),
    gate: { brokenInvariant: () => brokenOf(state) },
    check,
    async start() {
      if (options.invariants.length === 0) return;
      const rows = await options.db.selectFrom('invariant_results').selectAll().execute();
      for (const row of rows) state.results.set(keyOf(row), row);
      hourly = repeat({
        everyMs: HOUR_MS,
        run: async () => void (await check('hourly')),
        onError: (err) => options.log.error({ err }, 'invariants could not be checked'),
      });
      stopListening = options.bus.subscribe(({ event }) => {
        if (isDeploy(event)) checkLater('deploy');
      });
      checkLater('start');
    },
    async close() {
      stopListening?.();
      await hourly?.close();
      await state.queue;
    },
  };
}

/** Announced by `belay change record` or seen in `service.version`; both are written into the ledger. */
function isDeploy(event: LiveEvent): boolean {
  return event.type === 'ledger' && /^change\.(deploy|migration|config)/.test(event.kind);
}

async function checkAll(state: State, occasion: InvariantOccasion, names?: readonly string[]): Promise<InvariantList> {
  const unknown = names?.find((name) => !state.invariants.some((invariant) => invariant.name === name));
  if (unknown !== undefined) throw noSuchInvariant(state, unknown);
  for (const invariant of state.invariants) {
    if (names !== undefined && !names.includes(invariant.name)) continue;
    const startedAt = state.clock.now();
    const [result] = await checkInvariantsOn(invariant.database, [invariant]);
    if (result !== undefined) await store(state, invariant, { result, startedAt, occasion });
  }
  return listOf(state);
}

async function store(
  state: State,
  { source, name }: InvariantSettings,
  seen: { readonly result: InvariantResult; readonly startedAt: number; readonly occasion: InvariantOccasion },
): Promise<void> {
  const { db, bus, clock, results } = state;
  const before = results.get(keyOf({ source, name }));
  const { outcome, detail } = standing(before, seen.result);
  const now = clock.now();
  const since = before?.outcome === outcome ? before.since : now;
  const ms = Math.max(0, Math.round(now - seen.startedAt));
  const row: Stored = { source, name, outcome, detail, since, checked_at: now, ms, occasion: seen.occasion };
  const sentence = sentenceOf(before?.outcome, row);
  const entry = await transaction(db, async (trx) => {
    const { source: _source, name: _name, ...rest } = row;
    await trx
      .insertInto('invariant_results')
      .values(row)
      .onConflict((conflict) => conflict.columns(['source', 'name']).doUpdateSet(rest))
      .execute();
    if (sentence === null) return null;
    const isBroken = outcome === 'broken';
    const kind = isBroken ? 'invariant.broken' : 'invariant.mended';
    const details = { source, invariant: name, occasion: seen.occasion };
    return appendLedger(trx, { at: now, actor: BELAY, kind, sentence, tone: isBroken ? 'bad' : 'ok', details });
  });
  results.set(keyOf(row), row);
  if (entry !== null) bus.publish(ledgerEvent(entry));
}

/** What was broken stays so until it is seen to hold: that it cannot be asked is no reason to let rollouts go on. */
function standing(
  before: Stored | undefined,
  result: InvariantResult,
): { readonly outcome: Stored['outcome']; readonly detail: string | null } {
  if (before?.outcome !== 'broken' || result.outcome === 'broken' || result.outcome === 'holds') return result;
  const known = before.detail?.split(UNCHECKED)[0] ?? '';
  return { outcome: 'broken', detail: `${known}${UNCHECKED}${result.detail ?? 'no reason known'}` };
}

/** People are told of a breach and of its end; a check that could not be made changes nothing. */
function sentenceOf(before: Stored['outcome'] | undefined, { source, name, outcome, detail }: Stored): string | null {
  if (outcome === 'broken' && before !== 'broken')
    return `Invariant "${name}" of ${source} is broken: ${detail ?? ''} No rollout goes on until it holds.`;
  return outcome === 'holds' && before === 'broken' ? `Invariant "${name}" of ${source} holds again.` : null;
}

function brokenOf({ invariants, results }: State): string | null {
  const broken = invariants.filter((invariant) => results.get(keyOf(invariant))?.outcome === 'broken');
  const [first] = broken;
  if (first === undefined) return null;
  const more = broken.length === 1 ? '' : `, and ${broken.length - 1} more`;
  return `Invariant "${first.name}" of ${first.source} is broken${more}`;
}

function listOf(state: State): InvariantList {
  const items = state.invariants.map((invariant): InvariantView => {
    const { name, source, sql, min, max } = invariant;
    const result = state.results.get(keyOf(invariant));
    return {
      name,
      source,
      sql,
      min,
      max,
      outcome: result?.outcome ?? 'unknown',
      detail: result?.detail ?? null,
      since: result?.since ?? null,
      checkedAt: result?.checked_at ?? null,
      ms: result?.ms ?? null,
      occasion: result?.occasion ?? null,
    };
  });
  return { items, blocks: brokenOf(state) };
}

function keyOf({ source, name }: { readonly source: string; readonly name: string }): string {
  return `${source}/${name}`;
}

function noSuchInvariant({ invariants }: State, name: string): BelayError {
  const known = invariants.map((invariant) => invariant.name).join(', ');
  return new BelayError('request.invalid', `There is no invariant "${name}".`, {
    hint: known === '' ? 'Name one under "invariants" in belay.yaml first.' : `There are: ${known}.`,
    issues: [{ path: 'names', message: 'is no invariant of belay.yaml', seen: name }],
  });
}
