import { createHash, randomBytes } from 'node:crypto';
import { BelayError } from '@belay/core';
import { createRedactor, type RedactionCounts, type RedactionOptions } from '@belay/core/redaction';
import type { LiveEvent } from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import type { Log } from '../../platform/log/log.ts';
import { repeat } from '../../platform/scheduler/scheduler.ts';
import type { Database } from '../../platform/sqlite/database.ts';
import { findPaths, openPaths } from '../changes/api.ts';
import type { DropAccount, ReadingRoom } from '../ingest/api.ts';
import type { TelemetryStore } from '../telemetry/api.ts';
import { createEventMemory } from './ingest/event-memory.ts';
import { createEventPreparer } from './ingest/event-preparer.ts';
import { createEventWriter, type EventWriter } from './ingest/event-writer.ts';
import { redactEvent } from './ingest/redact-event.ts';
import { createRunningPaths } from './ingest/running-paths.ts';
import { createSentryKeys, type SentryKeys } from './ingest/sentry-keys.ts';
import { createSentryRoutes, type SentryStats } from './ingest/sentry-routes.ts';
import { createIssueKeeper, type IssueKeeper } from './issues/issue-keeper.ts';
import { createIssueService } from './issues/issue-service.ts';
import { createKeyBook } from './issues/key-book.ts';
import { ledgerOfIssue } from './issues/issue-ledger.ts';
import { createNewPaths } from './issues/new-paths.ts';
import { watchSpikes } from './issues/spike-watch.ts';
import { errorsRoutes } from './routes.ts';
import { createSourceMaps, type SourceMaps } from './source-maps/source-maps.ts';

export interface ErrorsOptions {
  readonly db: Database;
  readonly telemetry: TelemetryStore;
  readonly clock: { now(): number };
  readonly log: Log;
  readonly bus: { publish(event: LiveEvent): void };
  /** Folder of source maps. */
  readonly folder: string;
  readonly publicUrl: string | null;
  readonly bodyLimitBytes: number;
  readonly redaction: RedactionOptions;
  readonly withRoom: ReadingRoom;
  readonly drops: Pick<DropAccount, 'add'>;
  readonly isIngestToken: (secret: string) => boolean;
  readonly variantOf: (flagKey: string, value: string) => string | undefined;
}

/** Errors: the way in for Sentry SDKs, and issues made of what they and OpenTelemetry tell. */
export interface Errors {
  readonly routes: (app: FastifyInstance) => Promise<void>;
  /** Stores errors told by OpenTelemetry together with the request that tells them. */
  readonly writer: EventWriter;
  /** Counts what has arrived, once; for tests and the bench. */
  readonly keepUp: () => Promise<boolean>;
  stats(): SentryStats & { readonly redactions: ReadonlyMap<string, number> };
  close(): Promise<void>;
}

const KEEP_MS = 1000;
const WATCH_MS = 60_000;
const TIDY_MS = 60_000;
/** Rounds without a sign of new events, after which the store is asked all the same: after a crash nobody signs. */
const IDLE_ROUNDS = 30;

export async function createErrors(options: ErrorsOptions): Promise<Errors> {
  const { db, telemetry, clock, log, bus } = options;
  const { reader } = telemetry;
  const sourceMaps = await createSourceMaps({ db, folder: options.folder, clock, log });
  const keys = await createSentryKeys({ db, clock, bus });
  const book = await createKeyBook(db);
  const signs = { rounds: IDLE_ROUNDS };
  const { sentry, writer, redactions } = await createWayIn(options, { keys, sourceMaps, signs });
  const keeper = createIssueKeeper({ db, telemetry, book, bus, log });
  const newPaths = createNewPaths({ db, reader, book, clock, openPaths: () => openPaths(db) });
  const reading = {
    db,
    reader,
    book,
    clock,
    newPaths,
    sourceMaps,
    changeTime: (id: string) => timeOfChange(db, id),
    ledgerOf: (id: string) => ledgerOfIssue(db, id),
  };
  const service = createIssueService({ db, reader, book, clock, bus });
  const repetitions = startRounds({
    log,
    keeper,
    signs,
    watch: () => watchSpikes({ db, reader, book, clock, bus }),
    tidy: async () => {
      await keys.tidy();
      await sourceMaps.tidy();
    },
  });
  return {
    routes: async (app) => {
      await app.register(async (scoped) => sentry.routes(scoped));
      await errorsRoutes({ db, reading, service, sourceMaps, keys, publicUrl: options.publicUrl })(app);
    },
    writer,
    keepUp: () => keeper.keepUp(),
    stats: () => ({ ...sentry.stats(), redactions }),
    async close() {
      for (const repetition of repetitions) await repetition.close();
      await keys.tidy();
      await sourceMaps.tidy();
    },
  };
}

interface WayIn {
  readonly keys: SentryKeys;
  readonly sourceMaps: SourceMaps;
  readonly signs: { rounds: number };
}

/** From a request of a Sentry SDK, or an error that OpenTelemetry tells, to stored rows. */
async function createWayIn(options: ErrorsOptions, { keys, sourceMaps, signs }: WayIn) {
  const { db, telemetry, clock } = options;
  const redactor = createRedactor(options.redaction);
  const redactions: RedactionCounts = new Map();
  const memory = createEventMemory({ reader: telemetry.reader, clock });
  const paths = createRunningPaths({ clock, rollouts: () => openPaths(db), variantOf: options.variantOf });
  const salt = await saltOf(db);
  const preparer = createEventPreparer({
    memory,
    sourceMaps,
    paths,
    clock,
    salt,
    redact: (event) => redactEvent(event, redactor, redactions),
  });
  const writer = createEventWriter({
    store: telemetry,
    memory,
    preparer,
    paths,
    onStored: () => (signs.rounds = IDLE_ROUNDS),
  });
  const sentry = createSentryRoutes({ ...options, keys, writer, hashUser: preparer.hashUser, redactor, redactions });
  return { sentry, writer, redactions };
}

interface Rounds {
  readonly log: Log;
  readonly keeper: IssueKeeper;
  /** Rounds that the keeper still looks, counted anew by every event stored. */
  readonly signs: { rounds: number };
  readonly watch: () => Promise<void>;
  readonly tidy: () => Promise<void>;
}

function startRounds({ log, keeper, signs, watch, tidy }: Rounds) {
  let idle = 0;
  const keep = async (): Promise<void> => {
    idle = signs.rounds > 0 ? 0 : idle + 1;
    if (signs.rounds === 0 && idle % IDLE_ROUNDS !== 0) return;
    if (await keeper.keepUp()) signs.rounds = Math.max(0, signs.rounds - 1);
  };
  return [
    repeat({
      everyMs: KEEP_MS,
      run: keep,
      onError: (err) => log.warn({ err }, 'errors could not be counted into issues; tried again'),
    }),
    repeat({
      everyMs: WATCH_MS,
      run: watch,
      onError: (err) => log.warn({ err }, 'errors could not be compared with their past'),
    }),
    repeat({
      everyMs: TIDY_MS,
      run: tidy,
      onError: (err) => log.warn({ err }, 'uses of keys and source maps could not be stored'),
    }),
  ];
}

/** Hashes of users mean nothing outside this installation. */
async function saltOf(db: Database): Promise<string> {
  const fresh = createHash('sha256').update(randomBytes(32)).digest('hex');
  await db
    .insertInto('meta')
    .values({ key: 'user-hash-salt', value: fresh })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await db.selectFrom('meta').select('value').where('key', '=', 'user-hash-salt').executeTakeFirst();
  return row?.value ?? fresh;
}

/** A rollout by id, number or flag, or an entry of the ledger by id. */
async function timeOfChange(db: Database, id: string): Promise<number> {
  if (/^\d{1,15}$/u.test(id)) {
    const row = await db.selectFrom('ledger').select('at').where('id', '=', Number(id)).executeTakeFirst();
    if (row !== undefined) return row.at;
  }
  const { startedAt } = await findPaths(db, id);
  if (startedAt !== null) return startedAt;
  throw new BelayError('change.not-found', `The change "${id.slice(0, 80)}" has not started.`);
}

export type { EventWriter } from './ingest/event-writer.ts';
