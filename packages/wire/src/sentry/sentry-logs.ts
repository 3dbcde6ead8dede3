import type { JsonObject } from '../otlp/json-value.ts';
import type { LogRow } from '../otlp/telemetry-batch.ts';
import { bytesOf, flatten, plainAttributes, resourceOf, type SpanPlace } from './sentry-spans.ts';
import { hexIn, listIn, nanosecondsIn, objectIn, textIn } from './sentry-value.ts';

/** OTLP's SeverityNumber by Sentry's level. */
const SEVERITY: Readonly<Record<string, number>> = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 };

/** Log records of a container. */
export function logsOfContainer(container: JsonObject, place: SpanPlace & { readonly receivedMs: number }): LogRow[] {
  const { limits } = place;
  return listIn(container['items'])
    .slice(0, limits.records)
    .map(objectIn)
    .map((log) => {
      const attributes = plainAttributes(log['attributes']);
      const level = textIn(log['level'], 16).toLowerCase();
      const number = log['severity_number'];
      const isKnown = typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 24;
      const timeNs = nanosecondsIn(log['timestamp']);
      const shiftNs = BigInt(Math.round(place.clockShiftMs)) * 1_000_000n;
      return {
        resource: resourceOf(place.resource, attributes),
        scope: 'sentry',
        timeNs: timeNs === undefined ? BigInt(place.receivedMs) * 1_000_000n : timeNs + shiftNs,
        traceId: bytesOf(hexIn(log['trace_id'], 32)),
        spanId: bytesOf(hexIn(log['span_id'] ?? attributes['sentry.trace.parent_span_id'], 16)),
        severity: isKnown ? number : (SEVERITY[level] ?? 0),
        severityText: level,
        eventName: '',
        body: textIn(log['body'], 65_536),
        attributes: flatten(attributes, limits),
      };
    });
}
