import { attributeOf } from './attribute-value.ts';
import { revisionOf } from './outcome-metrics.ts';
import type { EvaluationRow, LogRow, SpanRow } from './telemetry-batch.ts';

/** Event names of a flag evaluation, the current one first. */
const EVENT_NAMES: ReadonlySet<string> = new Set(['feature_flag.evaluation', 'feature_flag']);

/** Finds flag evaluations told by spans: by their events, and by their own attributes. */
export function evaluationsOfSpans(spans: readonly SpanRow[]): EvaluationRow[] {
  const found: EvaluationRow[] = [];
  for (const span of spans) {
    const before = found.length;
    for (const event of span.events) {
      if (!EVENT_NAMES.has(event.name)) continue;
      const evaluation = evaluationOf(event.attributes, placeOf(span, event.timeNs || span.startNs));
      if (evaluation !== undefined) found.push(evaluation);
    }
    if (found.length > before) continue;
    const own = evaluationOf(span.attributes, placeOf(span, span.startNs));
    if (own !== undefined) found.push(own);
  }
  return found;
}

/** Finds flag evaluations told by log records with the event name `feature_flag.evaluation`. */
export function evaluationsOfLogs(logs: readonly LogRow[]): EvaluationRow[] {
  return logs.flatMap((log) => {
    if (!EVENT_NAMES.has(log.eventName)) return [];
    const evaluation = evaluationOf(log.attributes, { ...log, reportedNs: log.timeNs });
    return evaluation === undefined ? [] : [evaluation];
  });
}

interface Place {
  readonly resource: EvaluationRow['resource'];
  readonly timeNs: bigint;
  readonly reportedNs: bigint;
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
}

function placeOf({ resource, traceId, spanId, endNs }: SpanRow, timeNs: bigint): Place {
  return { resource, traceId, spanId, timeNs, reportedNs: endNs };
}

/** Reads an evaluation in the current and the older attribute names; undefined where no flag or variant is named. */
function evaluationOf(attributes: readonly string[], place: Place): EvaluationRow | undefined {
  const first = (...names: readonly string[]): string | undefined => {
    for (const name of names) {
      const value = attributeOf(attributes, name);
      if (value !== undefined && value !== '') return value;
    }
    return undefined;
  };
  const flagKey = first('feature_flag.key');
  if (flagKey === undefined) return undefined;
  const variant = first('feature_flag.result.variant', 'feature_flag.variant', 'feature_flag.evaluation.variant');
  const value = first('feature_flag.result.value', 'feature_flag.evaluation.value', 'feature_flag.value');
  if (variant === undefined && value === undefined) return undefined;
  return {
    resource: place.resource,
    timeNs: place.timeNs,
    reportedNs: place.reportedNs,
    traceId: place.traceId,
    spanId: place.spanId,
    flagKey,
    variant: variant ?? value ?? '',
    revision: revisionOf(first('feature_flag.version', 'feature_flag.set.version')),
    contextId: first('feature_flag.context.id', 'feature_flag.evaluation.context.id') ?? '',
    reason: (first('feature_flag.result.reason', 'feature_flag.evaluation.reason') ?? '').toLowerCase(),
  };
}
