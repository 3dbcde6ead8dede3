import type { OutcomeBlock } from '@belay/core';
import type { Flow } from '@belay/core/rollout';

/** Silence shorter than this never counts, however dense the traffic was. */
const SHORTEST_SILENCE_S = 10;
/** Silence longer than this always counts, however sparse the traffic is. */
const LONGEST_SILENCE_S = 600;
/** So many outcomes were to be expected in a silence that chance explains it in less than one case of a thousand. */
const SURPRISE = 7;

/** What has been seen of one attempt so far, in seconds of arrival. Lives in memory: a restart begins anew. */
export interface FlowMemory {
  readonly since: number;
  outcomes: number;
  lastOutcome: number | null;
  lastCanary: number | null;
  /** Units of the old path since the last one of the new. */
  controlSinceCanary: number;
}

export function startFlow(second: number): FlowMemory {
  return { since: second, outcomes: 0, lastOutcome: null, lastCanary: null, controlSinceCanary: 0 };
}

/** Takes new blocks in, oldest first. */
export function noteBlocks(memory: FlowMemory, blocks: readonly OutcomeBlock[]): void {
  for (const { second, canary, control } of blocks) {
    if (canary.n + control.n === 0) continue;
    memory.outcomes += canary.n + control.n;
    memory.lastOutcome = second;
    if (canary.n > 0) {
      memory.lastCanary = second;
      memory.controlSinceCanary = 0;
    } else memory.controlSinceCanary += control.n;
  }
}

/** What else is known when judging a silence. */
export interface FlowFacts {
  /** Newest closed second. */
  readonly second: number;
  /** Share of the present stage, 0..1. */
  readonly share: number;
  /** Instances of the service still report something else (spans, logs, an open stream that delivers). */
  readonly isHeardOf: boolean;
}

/**
 * Whether there is something to judge. How long a silence must be depends on how dense the outcomes were: at 200 a
 * second ten seconds are a cut line, at one a minute they are nothing.
 */
export function flowOf(memory: FlowMemory, { second, share, isHeardOf }: FlowFacts): Flow {
  const silence = second - (memory.lastOutcome ?? memory.since);
  if (silence > tolerableSilence(memory, second)) return isHeardOf ? 'no-exposures' : 'no-telemetry';
  const expected = share >= 1 ? 0 : (memory.controlSinceCanary * share) / (1 - share);
  const canarySilence = second - (memory.lastCanary ?? memory.since);
  return expected > SURPRISE && canarySilence > SHORTEST_SILENCE_S ? 'no-exposures' : 'flowing';
}

function tolerableSilence({ outcomes, since, lastOutcome }: FlowMemory, second: number): number {
  if (lastOutcome === null) return SHORTEST_SILENCE_S;
  const gap = Math.max(1, second - since) / Math.max(1, outcomes);
  return Math.min(LONGEST_SILENCE_S, Math.max(SHORTEST_SILENCE_S, gap * SURPRISE));
}
