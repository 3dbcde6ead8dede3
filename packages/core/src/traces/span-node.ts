/** What placing a span in its trace needs. Times are milliseconds since any common zero. */
export interface SpanFacts {
  readonly id: string;
  /** Empty for a root. */
  readonly parentId: string;
  /** Whose clock it was measured with: service and instance. */
  readonly process: string;
  readonly start: number;
  /** >= 0. */
  readonly duration: number;
  /** Whether the caller waits for the answer; false for messages, whose handling may begin at any time after. */
  readonly isSynchronous: boolean;
}

/** Why a span stands where it stands. */
export type Placing = 'child' | 'root' | 'missing-parent' | 'cycle' | 'duplicate';

/** A span in its place. */
export interface PlacedSpan<Span extends SpanFacts> {
  readonly span: Span;
  readonly depth: number;
  /** How many spans stand directly below. */
  readonly children: number;
  readonly placed: Placing;
  /** Start with the clock corrected. */
  readonly start: number;
  /** By how much its clock was shifted. */
  readonly skew: number;
  /** Time in which no child runs, 0 to `duration`. */
  readonly self: number;
}
