import { type CheckState, newCheckState, nextRunMs, observe } from '@belay/core/health';
import type { ProbeResult } from '@belay/protocol';
import type { Probe } from './probe-types.ts';
import { runProbe } from './run-probe.ts';

export interface ProbeRunnerOptions {
  readonly probes: readonly Probe[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly atOnce: number;
  readonly now: () => number;
  /** 0 to 1: spreads runs, so that not all paths are walked in the same second. */
  readonly random: () => number;
  /** Stores a run. */
  readonly take: (probe: Probe, result: ProbeResult) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Walks golden paths again and again, a few at a time. */
export interface ProbeRunner {
  start(): void;
  /** Walks one now; undefined where there is none of that name. Joins a run that is under way. */
  runNow(name: string): Promise<ProbeResult> | undefined;
  close(): Promise<void>;
}

interface Slot {
  readonly probe: Probe;
  state: CheckState;
  timer: NodeJS.Timeout | undefined;
  running: Promise<ProbeResult> | undefined;
}

/** A failure is tried again after 20 s, so that an outage is known soon whatever the rhythm of its path is. */
export function createProbeRunner(options: ProbeRunnerOptions): ProbeRunner {
  const { now, random, take, onError } = options;
  const stop = new AbortController();
  const gate = createGate(options.atOnce);
  const slots = new Map<string, Slot>(
    options.probes.map((probe) => [probe.name, { probe, state: newCheckState, timer: undefined, running: undefined }]),
  );
  const run = async (slot: Slot): Promise<ProbeResult> => {
    const { probe } = slot;
    const result = await gate(() => runProbe(probe, { environment: options.environment, now, signal: stop.signal }));
    if (stop.signal.aborted) return result;
    slot.state = observe(slot.state, { at: now(), ok: result.ok, cause: result.cause });
    await take(probe, result);
    return result;
  };
  const runOnce = (slot: Slot): Promise<ProbeResult> => {
    slot.running ??= run(slot).finally(() => {
      slot.running = undefined;
    });
    return slot.running;
  };
  const schedule = (slot: Slot, ms: number): void => {
    if (stop.signal.aborted) return;
    clearTimeout(slot.timer);
    slot.timer = setTimeout(() => {
      runOnce(slot)
        .catch(onError)
        .finally(() => schedule(slot, nextRunMs(slot.state, slot.probe.everyMs) * (0.95 + 0.1 * random())));
    }, ms);
    slot.timer.unref();
  };
  return {
    start() {
      for (const slot of slots.values()) schedule(slot, Math.min(slot.probe.everyMs, 10_000) * random());
    },
    runNow(name) {
      const slot = slots.get(name);
      return slot === undefined ? undefined : runOnce(slot);
    },
    async close() {
      stop.abort();
      for (const slot of slots.values()) {
        clearTimeout(slot.timer);
        await slot.running?.catch(onError);
      }
    },
  };
}

/** Lets so many pieces of work run at once; the others wait in their order. */
function createGate(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = atOnce;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
