/** What one run of a check found. */
export interface Finding {
  readonly outcome: 'pass' | 'warn' | 'fail';
  /** Stable word for what is wrong; one message is sent per check and cause. */
  readonly cause?: string;
  /** What was seen, in a sentence, without secrets. */
  readonly text: string;
  /** What to do about it. */
  readonly mend?: string;
  /** What was measured, in `unit`. */
  readonly value?: number;
  readonly unit?: string;
}

/** One thing that is looked at, at the start and from time to time. */
export interface HealthCheck {
  /** Stable within the service, e.g. `database`. */
  readonly name: string;
  /** For people, e.g. `Database reachable`. */
  readonly title: string;
  /** Whether the service cannot work without it: a failure keeps it from starting and takes it out of the traffic. */
  readonly critical?: boolean;
  /** Whether it costs next to nothing: it runs every 30 s instead of every 5 min. */
  readonly cheap?: boolean;
  /** Whether it only makes sense before the service listens, such as a free port. */
  readonly startupOnly?: boolean;
  /** Names of checks without which this one cannot work: their failure explains its own. */
  readonly dependsOn?: readonly string[];
  /** Looks. What it throws is a failure; it is given up after `timeoutMs`. */
  run(signal: AbortSignal): Finding | Promise<Finding>;
}

/** A check with what its last run found. */
export interface CheckedResult {
  readonly name: string;
  readonly title: string;
  readonly critical: boolean;
  readonly dependsOn: readonly string[];
  readonly outcome: Finding['outcome'];
  readonly cause: string | null;
  readonly text: string;
  readonly mend: string | null;
  readonly value: number | null;
  readonly unit: string | null;
  readonly durationMs: number;
}

/** All is well, in a sentence. */
export function pass(text: string, value?: number, unit?: string): Finding {
  return { outcome: 'pass', text, ...(value === undefined ? {} : { value }), ...(unit === undefined ? {} : { unit }) };
}

/** Something is wrong: what, and what to do. */
export function fail(cause: string, text: string, mend: string): Finding {
  return { outcome: 'fail', cause, text, mend };
}

/** It works, but somebody should look. */
export function warn(cause: string, text: string, mend: string): Finding {
  return { outcome: 'warn', cause, text, mend };
}
