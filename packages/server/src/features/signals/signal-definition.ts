import type { CountingKind } from '@belay/core/baseline';
import type { GoodDirection, SignalDimension, SignalKind, SignalSource } from '@belay/protocol';

/** A signal with every default filled in and every limit as a number of its unit. */
export interface SignalDefinition {
  readonly id: string;
  readonly title: string;
  readonly service: string | null;
  readonly kind: SignalKind;
  readonly source: SignalSource;
  /** 0.95 where the kind does not need one. */
  readonly quantile: number;
  readonly unit: string;
  readonly good: GoodDirection;
  readonly dimension: SignalDimension;
  readonly owner: string | null;
  readonly target: number | null;
  readonly warning: number | null;
  readonly critical: number | null;
  /** Share of time in which the target holds; of ratios the target itself says it. */
  readonly objective: number;
  /** Tolerated deviation from the usual, as a share. */
  readonly tolerance: number;
  readonly alarm: boolean;
}

/** How the events behind a signal are counted. */
export function countingOf({ kind }: Pick<SignalDefinition, 'kind'>): CountingKind {
  if (kind === 'ratio') return 'ratio';
  return kind === 'rate' ? 'rate' : 'none';
}

/** Which way hurts. */
export function harmfulOf({ good }: Pick<SignalDefinition, 'good'>): 'up' | 'down' | 'both' {
  if (good === 'none') return 'both';
  return good === 'lower' ? 'up' : 'down';
}

/** The service that a source names. */
export function serviceOfSource(source: SignalSource): string | null {
  return 'service' in source ? (source.service ?? null) : null;
}
