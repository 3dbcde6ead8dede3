import { statfs } from 'node:fs/promises';
import type { TelemetryStore } from '../telemetry/api.ts';
import type { MeasuredStore } from './measured-store.ts';
import type { SelfMeasures } from './self-metrics.ts';
import type { SelfMeter } from './self-readings.ts';

export interface SelfMeasuresOptions {
  readonly meter: SelfMeter;
  readonly telemetry: TelemetryStore;
  readonly measured: MeasuredStore;
  readonly streams: () => number;
  readonly dropped: () => ReadonlyMap<string, number>;
  readonly dataDir: string;
  readonly onError: (error: unknown) => void;
}

/** Takes all measures of Belay itself; a store that does not answer leaves out only its own. */
export function createSelfMeasures(options: SelfMeasuresOptions): () => Promise<SelfMeasures> {
  const { meter, telemetry, measured, streams, dataDir } = options;
  return async () => {
    const { bavail, bsize } = await statfs(dataDir);
    const { waitingBytes, rowsStored, commitFailures } = telemetry.stats();
    return {
      ...(await meter.read()),
      streams: streams(),
      dropped: options.dropped(),
      acknowledging: measured.acknowledging.quantiles(),
      waitingBytes,
      rowsStored,
      commitFailures,
      storeBytes: await storeBytesOf(options),
      freeDiskBytes: bavail * bsize,
      queries: telemetry.reader.stats().queries,
    };
  };
}

async function storeBytesOf({
  telemetry,
  onError,
}: SelfMeasuresOptions): Promise<ReadonlyMap<string, number> | undefined> {
  try {
    const rows = await telemetry.reader.rows<{ table: string; bytes: number }>(
      `SELECT table, sum(bytes_on_disk) AS bytes FROM system.parts
       WHERE active AND database = currentDatabase() GROUP BY table ORDER BY table`,
      { name: 'self.store-bytes', deadlineMs: 2000 },
    );
    return new Map(rows.map(({ table, bytes }) => [table, bytes]));
  } catch (error) {
    onError(error);
    return undefined;
  }
}
