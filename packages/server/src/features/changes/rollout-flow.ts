import type { OutcomeBlock } from '@belay/core';
import type { Flow } from '@belay/core/rollout';
import type { RolloutRecord } from './rollout-record.ts';

/** What the control loop remembers of one rollout between rounds; lost at a restart, learnt anew in seconds. */
export interface FlowMemory {
  /** When instances last told of outcomes or of their absence, Unix ms. */
  lastHeardAt: number;
  /** When outcomes of either side last arrived, Unix ms. */
  lastUnitsAt: number;
  lastCanaryAt: number;
  /** Control units since the last canary unit. */
  controlSinceCanary: number;
}

/** A rollout starts with the benefit of the doubt: the first outcomes are on their way. */
export function startFlow(now: number): FlowMemory {
  return { lastHeardAt: now, lastUnitsAt: now, lastCanaryAt: now, controlSinceCanary: 0 };
}

export function rememberBlocks(memory: FlowMemory, blocks: readonly OutcomeBlock[]): void {
  for (const { second, canary, control } of blocks) {
    const at = (second + 1) * 1000;
    // An SDK without traffic sends empty counts, and those make blocks too.
    memory.lastHeardAt = Math.max(memory.lastHeardAt, at);
    if (canary.n + control.n > 0) memory.lastUnitsAt = Math.max(memory.lastUnitsAt, at);
    if (canary.n > 0) {
      memory.lastCanaryAt = Math.max(memory.lastCanaryAt, at);
      memory.controlSinceCanary = 0;
    } else memory.controlSinceCanary += control.n;
  }
}

/** Whether there is something to judge, and if not, why. */
export function flowOf(record: RolloutRecord, memory: FlowMemory, now: number): Flow {
  const { plan, stage, stages } = record.state;
  const patience = Math.max(LEAST_PATIENCE_MS, plan.leaseMs);
  const began = stages.at(-1)?.startedAt ?? now;
  const isSilentSince = (at: number): boolean => now - Math.max(at, record.state.startedAt ?? 0) > patience;
  if (isSilentSince(memory.lastHeardAt)) return 'no-telemetry';
  if (isSilentSince(memory.lastUnitsAt)) return 'no-exposures';
  const share = plan.stages[stage]?.share ?? 0;
  const expected = share < 1 ? (memory.controlSinceCanary * share) / (1 - share) : 0;
  const isSilent = now - Math.max(memory.lastCanaryAt, began) > patience;
  // With fewer expected than this, silence is chance: e^-20 for one rollout of all time.
  return isSilent && expected >= 20 ? 'no-exposures' : 'flowing';
}

const LEAST_PATIENCE_MS = 5000;
