import type { TraceSpan } from '@belay/protocol';

/** One row of a waterfall: a span and where its bar stands, in percent of the trace. */
export interface WaterfallRow {
  readonly span: TraceSpan;
  readonly left: number;
  readonly width: number;
  /** Spans below it that are folded away. */
  readonly hidden: number;
}

/** The rows that are shown when the spans in `folded` hide what is below them. */
export function waterfallRows(
  spans: readonly TraceSpan[],
  durationMs: number,
  folded: ReadonlySet<string>,
): readonly WaterfallRow[] {
  const whole = Math.max(durationMs, 0.000_001);
  const rows: WaterfallRow[] = [];
  let below: number | null = null;
  for (const span of spans) {
    if (below !== null && span.depth > below) {
      const last = rows.at(-1);
      if (last !== undefined) rows[rows.length - 1] = { ...last, hidden: last.hidden + 1 };
      continue;
    }
    below = folded.has(span.spanId) ? span.depth : null;
    const left = clamp((100 * span.startMs) / whole, 0, 99.7);
    rows.push({ span, left, width: clamp((100 * span.durationMs) / whole, 0.3, 100 - left), hidden: 0 });
  }
  return rows;
}

/** A colour token for each service, the first one first. */
export function serviceColours(spans: readonly TraceSpan[]): ReadonlyMap<string, string> {
  const tokens = ['--new', '--c3', '--c5', '--c4', '--c2', '--c6'];
  const names = [...new Set(spans.map((span) => span.service))];
  return new Map(names.map((name, index) => [name, tokens[index % tokens.length] ?? '--new']));
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
