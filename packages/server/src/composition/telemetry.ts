import path from 'node:path';
import { isBelayError } from '@belay/core';
import { createRedactor } from '@belay/core/redaction';
import { newestJudgedSecond } from '../features/changes/api.ts';
import { measureStore, type MeasuredStore } from '../features/health/measured-store.ts';
import { createDropAccount, createIngest } from '../features/ingest/api.ts';
import type { DropAccount, ErrorsWriter, Ingest } from '../features/ingest/api.ts';
import { createSeries } from '../features/series/api.ts';
import type { Series } from '../features/series/api.ts';
import { createTelemetryStore } from '../features/telemetry/api.ts';
import type { TelemetryStore } from '../features/telemetry/api.ts';
import { engineMemory } from '../platform/clickhouse/engine-memory.ts';
import { createTelemetryEngine } from '../platform/clickhouse/telemetry-engine.ts';
import type { TelemetryEngine } from '../platform/clickhouse/telemetry-engine-types.ts';
import { principalOf } from '../platform/http/principal.ts';
import type { Database } from '../platform/sqlite/database.ts';
import type { Composing } from './composing.ts';

const ENGINE_START_MS = 30_000;

export interface Telemetry {
  readonly engine: TelemetryEngine;
  readonly telemetry: TelemetryStore;
  readonly measured: MeasuredStore;
  readonly series: Series;
  readonly ingest: Ingest;
  /** What was sent and not stored. */
  readonly drops: DropAccount;
}

/** The engine, the store on it, and the way in. */
export async function openTelemetry(
  { loaded, log, opened, clock }: Composing,
  db: Database,
  errors: { readonly writer: () => ErrorsWriter },
): Promise<Telemetry> {
  const { dataDir, clickhouseUrl, bodyLimitBytes } = loaded.config.server;
  const { minFreeDiskBytes } = loaded.config.telemetry;
  const engine = createTelemetryEngine({
    dataDir: path.join(dataDir, 'telemetry'),
    log,
    clock,
    ...(clickhouseUrl === null ? {} : { url: clickhouseUrl }),
    memoryLimitBytes: engineMemory(loaded.config.telemetry.memoryMb),
    ...(minFreeDiskBytes === null ? {} : { minFreeDiskBytes }),
  });
  opened.add(() => engine.close());
  const telemetry = createTelemetryStore({ engine, clock, log, notBeforeSecond: await newestJudgedSecond(db) });
  opened.add(() => telemetry.close());
  const measured = measureStore(telemetry, clock);
  const drops = await createDropAccount({ db, clock, log });
  opened.add(() => drops.close());
  const { seriesNewPerHour, seriesActive, serviceLabels, sampleMaxAgeMs, sampleMaxAheadMs } = loaded.config.telemetry;
  const redactor = createRedactor(loaded.config.telemetry.redaction);
  const series = createSeries({
    reader: telemetry.reader,
    clock,
    log,
    redactor,
    limits: { newPerHour: seriesNewPerHour, active: seriesActive },
    times: { maxAgeMs: sampleMaxAgeMs, maxAheadMs: sampleMaxAheadMs },
  });
  opened.add(() => series.close());
  const ingest = createIngest({
    store: measured.store,
    series,
    serviceLabels,
    clock,
    log,
    limits: { bodyBytes: bodyLimitBytes, waitingBytes: waitingBytesOf(engine.memoryLimitBytes, bodyLimitBytes) },
    drops,
    errors: { write: (...told) => errors.writer().write(...told) },
    redactor,
    // The server has checked the scope that the routes declare; this only insists that it did.
    requireIngestScope: async (request) => void principalOf(request),
  });
  opened.add(() => ingest.close());
  try {
    await engine.whenReady(ENGINE_START_MS);
  } catch (error) {
    if (!isBelayError(error)) throw error;
    // Flags are served and rollouts taken back without telemetry, so Belay starts all the same.
    log.error({ err: error }, 'the telemetry engine is not ready; nothing can be judged until it is');
  }
  return { engine, telemetry, measured, series, ingest, drops };
}

/** What waits is in this process, which has about as much memory as the engine; a single body must always fit. */
function waitingBytesOf(memoryLimitBytes: number | null, bodyLimitBytes: number): number {
  return Math.min(256 * 2 ** 20, Math.max(bodyLimitBytes, (memoryLimitBytes ?? 2 ** 30) / 4));
}
