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
  /** Golden paths that guard a flag, as they are now. */
  guarding(flagKey: string): readonly GuardingProbe[];
  close(): Promise<void>;
}

/** What a golden path says of a rollout. */
export interface GuardingProbe {
  readonly title: string;
  readonly sentence: string;
  readonly isFailing: boolean;
  readonly isDown: boolean;
  readonly lastGoodAt: number | null;
}

interface Slot {
  readonly probe: Probe;
  state: CheckState;
  lastGoodAt: number | null;
  sentence: string;
  timer: NodeJS.Timeout | undefined;
  running: Promise<ProbeResult> | undefined;
}

/** A failure is tried again after 20 s, so that an outage is known soon whatever the rhythm of its path is. */
export function createProbeRunner(options: ProbeRunnerOptions): ProbeRunner {
  const { now, random, take, onError } = options;
  const stop = new AbortController();
  const gate = createGate(options.atOnce);
  const slots = new Map<string, Slot>(
    options.probes.map((probe) => [
      probe.name,
      { probe, state: newCheckState, lastGoodAt: null, sentence: '', timer: undefined, running: undefined },
    ]),
  );
  const run = async (slot: Slot): Promise<ProbeResult> => {
    const { probe } = slot;
    const result = await gate(() => runProbe(probe, { environment: options.environment, now, signal: stop.signal }));
    if (stop.signal.aborted) return result;
    slot.sentence = result.sentence;
    if (result.ok) slot.lastGoodAt = now();
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
    guarding: (flagKey) => [...slots.values()].filter(({ probe }) => probe.guards.includes(flagKey)).map(guardOf),
    async close() {
      stop.abort();
      for (const slot of slots.values()) {
        clearTimeout(slot.timer);
        await slot.running?.catch(onError);
      }
    },
  };
}

function guardOf({ probe, state, lastGoodAt, sentence }: Slot): GuardingProbe {
  const isFailing = state.recent.endsWith('F');
  return { title: probe.title, sentence, isFailing, isDown: state.status === 'down', lastGoodAt };
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
