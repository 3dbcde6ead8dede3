import type { InvariantOccasion } from '@belay/protocol';

/** Table of migration 0010. Times are Unix milliseconds. */
export interface InvariantsTables {
  readonly invariant_results: InvariantResultTable;
}

export interface InvariantResultTable {
  readonly source: string;
  readonly name: string;
  readonly outcome: 'holds' | 'broken' | 'failed';
  readonly detail: string | null;
  /** When the outcome became what it is. */
  readonly since: number;
  readonly checked_at: number;
  readonly ms: number;
  readonly occasion: InvariantOccasion;
}
