/** Where in a rollout the start mass is asked for. */
export interface StartMassOptions {
  /** Number of stages that compare canary and control, >= 1. */
  readonly stages: number;
  /** Planned length of this stage in minutes, >= 0. */
  readonly plannedMinutes: number;
  /** Whole seconds since the stage began, >= 0. */
  readonly second: number;
}

/**
 * Share of the capital that starts betting exactly in this second of a stage (1.4): every stage has 1/stages, half of
 * it in its first second and half spread evenly over its later planned whole minutes. 0 in overtime.
 */
export function startMass(options: StartMassOptions): number {
  return startedMass(options) - (options.second === 0 ? 0 : startedMass({ ...options, second: options.second - 1 }));
}

/** Share of the capital of one stage that has started up to and including this second. */
export function startedMass({ stages, plannedMinutes, second }: StartMassOptions): number {
  const later = Math.max(0, Math.floor(plannedMinutes) - 1);
  if (later === 0) return 1 / stages;
  const minutes = Math.min(later, Math.floor(second / 60));
  return (1 + minutes / later) / (2 * stages);
}
