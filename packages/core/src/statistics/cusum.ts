/** State of a two-sided CUSUM: sums for deviations upwards and downwards. Plain JSON. */
export interface CusumState {
  readonly up: number;
  readonly down: number;
}

/** How a deviation is judged. */
export interface CusumOptions {
  /** Long-run standard deviation of a residual, > 0. */
  readonly sigma: number;
  /** Deviation that is tolerated (dead band) in units of the residual, e.g. ln 1.02. */
  readonly tolerance: number;
  /** Slack per step in sigmas; default 0.25. */
  readonly slack?: number;
  /** Sum at which an alarm is raised; default 5. */
  readonly limit?: number;
}

/** A CUSUM after one more residual, and whether it is in alarm. */
export interface CusumStep extends CusumState {
  readonly alarm: 'up' | 'down' | null;
}

/** One step of S = max(0, S + (+-r - tolerance) / sigma - slack) on hourly seasonal residuals; alarm above 5 (4.2). */
export function cusum(state: CusumState, residual: number, options: CusumOptions): CusumStep {
  const { sigma, tolerance, slack = 0.25, limit = 5 } = options;
  const up = Math.max(0, state.up + (residual - tolerance) / sigma - slack);
  const down = Math.max(0, state.down + (-residual - tolerance) / sigma - slack);
  if (up <= limit && down <= limit) return { up, down, alarm: null };
  return { up, down, alarm: up >= down ? 'up' : 'down' };
}
