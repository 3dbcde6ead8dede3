import type { PlacedSpan, SpanFacts } from '@belay/core/traces';

/** What a reader of the waterfall should know, a sentence each. */
export function traceNotes(placed: readonly PlacedSpan<SpanFacts>[], total: number): readonly string[] {
  const count = (placing: string): number => placed.filter((span) => span.placed === placing).length;
  const missing = count('missing-parent');
  const circles = count('cycle');
  const duplicates = count('duplicate');
  const skewed = placed.filter(({ skew }) => skew !== 0);
  const most = skewed.reduce((largest, { skew }) => Math.max(largest, Math.abs(skew)), 0);
  return [
    total > placed.length
      ? `The trace has ${total} spans; ${placed.length} are shown: those with errors, then the earliest.`
      : '',
    missing === 0
      ? ''
      : `${missing} ${plural(missing, 'span names a parent', 'spans name parents')} that ${
          total > placed.length ? 'is not shown or was not stored' : 'was not stored'
        }; they stand at the left edge.`,
    circles === 0
      ? ''
      : `${circles} ${plural(circles, 'span is its', 'spans are their')} own ancestor; the sender mixed up its ids.`,
    duplicates === 0 ? '' : `${duplicates} ${plural(duplicates, 'span has', 'spans have')} the id of another one.`,
    skewed.length === 0
      ? ''
      : `Clocks disagree by up to ${Math.round(most)} ms: ${skewed.length} ${plural(skewed.length, 'span was', 'spans were')} moved into their callers.`,
  ].filter((note) => note !== '');
}

function plural(count: number, one: string, many: string): string {
  return count === 1 ? one : many;
}
