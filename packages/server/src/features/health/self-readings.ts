import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What Belay measures of itself beside its counters. */
export interface SelfReadings {
  /** How long the event loop was held up since the last reading, ms. */
  readonly eventLoop: { readonly p50: number; readonly p99: number };
  /** User and system time of this process, s. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Of the telemetry engine's process; undefined where it is not embedded or the system does not tell. */
  readonly engineResidentBytes: number | undefined;
}

/** Takes readings of the process. */
export interface SelfMeter {
  read(): Promise<SelfReadings>;
  close(): void;
}

const PAGE_BYTES = 4096;
const RESOLUTION_MS = 20;

/** Starts to watch the event loop. */
export function createSelfMeter(enginePid: () => number | undefined): SelfMeter {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  return {
    async read() {
      // The histogram holds whole intervals of its timer; what is beyond the resolution is the delay.
      const delayOf = (percentile: number): number =>
        delays.count === 0 ? 0 : Math.max(0, delays.percentile(percentile) / 1e6 - RESOLUTION_MS);
      const eventLoop = { p50: delayOf(50), p99: delayOf(99) };
      delays.reset();
      const { user, system } = process.cpuUsage();
      return {
        eventLoop,
        cpuSeconds: (user + system) / 1e6,
        residentBytes: process.memoryUsage.rss(),
        engineResidentBytes: await residentBytesOf(enginePid()),
      };
    },
    close: () => delays.disable(),
  };
}

async function residentBytesOf(pid: number | undefined): Promise<number | undefined> {
  if (pid === undefined) return undefined;
  try {
    const [, resident] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ');
    return Number(resident) * PAGE_BYTES;
  } catch {
    // The process has just ended, or this system has no /proc.
    return undefined;
  }
}
