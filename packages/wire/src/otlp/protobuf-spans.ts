import type { DecodeLimits } from './decode-limits.ts';
import { type ProtobufContext, readAttribute } from './protobuf-attributes.ts';
import { readBytes, readFields, readFixed64, readInt32, readMessage } from './protobuf-cursor.ts';
import { openContext } from './protobuf-context.ts';
import { readResourceScopes } from './protobuf-resource.ts';
import { acceptLink, acceptSpan } from './span-rules.ts';
import type { ResourceFacts, SpanEvent, SpanLink, SpanRow } from './telemetry-batch.ts';

type Draft = { -readonly [Key in keyof SpanRow]: SpanRow[Key] } & {
  attributes: string[];
  events: SpanEvent[];
  links: SpanLink[];
};

/** Reads an ExportTraceServiceRequest in protobuf. */
export function readProtobufSpans(
  body: Uint8Array,
  limits: DecodeLimits,
): { spans: SpanRow[]; budget: ProtobufContext['budget'] } {
  const context = openContext(body, limits);
  const spans: SpanRow[] = [];
  readFields(context.cursor, 'the trace request', (number, wire) => {
    if (number !== 1 || wire !== 2) return false;
    readResourceScopes(context, 'resource_spans', (resource, scope) => {
      const span = readSpan(context, resource, scope);
      if (acceptSpan(span, context.budget)) spans.push(span);
    });
    return true;
  });
  return { spans, budget: context.budget };
}

const NONE: Uint8Array = new Uint8Array(0);

function readSpan(context: ProtobufContext, resource: ResourceFacts, scope: string): SpanRow {
  const { cursor, budget } = context;
  budget.takeItem();
  const span = emptySpan(resource, scope);
  readMessage(cursor, 'spans', (number, wire) => {
    if (number === 9 && wire === 2) readAttribute(context, span.attributes, 'spans.attributes');
    else if (number === 11 && wire === 2) readEvent(context, span.events);
    else if (number === 13 && wire === 2) readLink(context, span.links);
    else if (number === 15 && wire === 2) readStatus(context, span);
    else return readScalar(context, span, number);
    return true;
  });
  return span;
}

function readScalar({ cursor, text }: ProtobufContext, span: Draft, number: number): boolean {
  if (number === 1) span.traceId = readBytes(cursor, 'spans.trace_id');
  else if (number === 2) span.spanId = readBytes(cursor, 'spans.span_id');
  else if (number === 4) span.parentId = readBytes(cursor, 'spans.parent_span_id');
  else if (number === 5) span.name = text(cursor, 'spans.name');
  else if (number === 6) span.kind = readInt32(cursor, 'spans.kind');
  else if (number === 7) span.startNs = readFixed64(cursor, 'spans.start_time_unix_nano');
  else if (number === 8) span.endNs = readFixed64(cursor, 'spans.end_time_unix_nano');
  else return false;
  return true;
}

function readEvent(context: ProtobufContext, events: SpanEvent[]): void {
  const { cursor, budget } = context;
  budget.takeNode();
  let timeNs = 0n;
  let name = '';
  const attributes: string[] = [];
  readMessage(cursor, 'spans.events', (number) => {
    if (number === 1) timeNs = readFixed64(cursor, 'spans.events.time_unix_nano');
    else if (number === 2) name = context.text(cursor, 'spans.events.name');
    else if (number === 3) readAttribute(context, attributes, 'spans.events.attributes');
    else return false;
    return true;
  });
  if (events.length < budget.limits.attributes) events.push({ timeNs, name, attributes });
  else budget.warn(`spans.events beyond the first ${budget.limits.attributes} of a span were cut`);
}

function readLink(context: ProtobufContext, links: SpanLink[]): void {
  const { cursor, budget } = context;
  budget.takeNode();
  let traceId = NONE;
  let spanId = NONE;
  readMessage(cursor, 'spans.links', (number, wire) => {
    if (number === 1 && wire === 2) traceId = readBytes(cursor, 'spans.links.trace_id');
    else if (number === 2 && wire === 2) spanId = readBytes(cursor, 'spans.links.span_id');
    else return false;
    return true;
  });
  acceptLink({ traceId, spanId }, links, budget);
}

function readStatus({ cursor, text }: ProtobufContext, span: Draft): void {
  readMessage(cursor, 'spans.status', (number) => {
    if (number === 2) span.statusMessage = text(cursor, 'spans.status.message');
    else if (number === 3) span.statusCode = readInt32(cursor, 'spans.status.code');
    else return false;
    return true;
  });
}

function emptySpan(resource: ResourceFacts, scope: string): Draft {
  return {
    resource,
    scope,
    traceId: NONE,
    spanId: NONE,
    parentId: NONE,
    name: '',
    kind: 0,
    startNs: 0n,
    endNs: 0n,
    statusCode: 0,
    statusMessage: '',
    attributes: [],
    events: [],
    links: [],
  };
}
