import type { EngineConfig, EngineState } from './engine-types.ts';

/** Whether the present stage is in the seconds after its first canary unit that only the ceiling guard reads. */
export function isWarmingUp(config: EngineConfig, state: EngineState): boolean {
  if (state.stage === null || state.lastSecond === null) return false;
  const exposed = state.stages[state.stage]?.exposed ?? null;
  return exposed === null ? config.warmUpSeconds > 0 : state.lastSecond - exposed < config.warmUpSeconds;
}
