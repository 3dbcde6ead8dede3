import { attributeOf } from './attribute-value.ts';
import { isZeroId } from './span-rules.ts';
import type { LogRow, ResourceFacts } from './telemetry-batch.ts';

/** A log record while its fields are being read. */
export interface LogDraft {
  timeNs?: bigint;
  observedNs?: bigint;
  severity?: number;
  severityText?: string;
  eventName?: string;
  body?: string;
  traceId?: Uint8Array;
  spanId?: Uint8Array;
  attributes: string[];
}

const NONE = new Uint8Array(0);

/** Completes a log record: its time falls back to the observed time, its event name to the older attribute. */
export function logRowOf(draft: LogDraft, resource: ResourceFacts, scope: string): LogRow {
  return {
    resource,
    scope,
    timeNs: draft.timeNs || draft.observedNs || 0n,
    traceId: idOf(draft.traceId),
    spanId: idOf(draft.spanId),
    severity: draft.severity ?? 0,
    severityText: draft.severityText ?? '',
    eventName: draft.eventName || (attributeOf(draft.attributes, 'event.name') ?? ''),
    body: draft.body ?? '',
    attributes: draft.attributes,
  };
}

function idOf(bytes: Uint8Array | undefined): Uint8Array {
  return bytes === undefined || isZeroId(bytes) ? NONE : bytes;
}
