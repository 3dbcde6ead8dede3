import type { JsonObject } from '../otlp/json-value.ts';
import { fromHex } from '../otlp/hex.ts';
import type { FlatAttributes, ResourceFacts, SpanRow } from '../otlp/telemetry-batch.ts';
import type { SentryLimits } from './sentry-limits.ts';
import { anyText, entriesIn, hexIn, listIn, nanosecondsIn, objectIn, textIn } from './sentry-value.ts';

/** What the spans of an item share. */
export interface SpanPlace {
  readonly resource: ResourceFacts;
  readonly clockShiftMs: number;
  readonly limits: SentryLimits;
}

/** OTLP's SpanKind by Sentry's operation. */
function kindOf(op: string, kind: string): number {
  const named = ['internal', 'server', 'client', 'producer', 'consumer'].indexOf(kind.toLowerCase());
  if (named !== -1) return named + 1;
  if (/^(?:http\.server|rpc\.server|websocket\.server|function)/u.test(op)) return 2;
  if (/^(?:http\.client|rpc\.client|db|cache|grpc\.client)/u.test(op)) return 3;
  if (/^queue\.(?:publish|submit)/u.test(op)) return 4;
  if (/^(?:queue\.(?:process|task)|cronjob|celery)/u.test(op)) return 5;
  return 1;
}

/** Statuses with which a server says that the caller was wrong, which is no error of the server. */
const CALLER: ReadonlySet<string> = new Set([
  ...'cancelled not_found invalid_argument unauthenticated permission_denied already_exists'.split(' '),
  ...'resource_exhausted failed_precondition out_of_range'.split(' '),
]);

function statusOf(status: string, kind: number): number {
  if (status === '' || status === 'unset') return 0;
  if (status === 'ok') return 1;
  return kind === 2 && CALLER.has(status) ? 0 : 2;
}

/** Spans of a transaction: itself and its children. */
export function spansOfTransaction(event: JsonObject, place: SpanPlace): SpanRow[] {
  const trace = objectIn(objectIn(event['contexts'])['trace']);
  const root = {
    ...trace,
    description: textIn(event['transaction'], 512),
    start_timestamp: event['start_timestamp'],
    timestamp: event['timestamp'],
    data: { ...objectIn(trace['data']), ...Object.fromEntries(entriesIn(event['tags'])) },
  };
  const children = listIn(event['spans']).slice(0, place.limits.records).map(objectIn);
  return [root, ...children].flatMap((span) => spanOf(span, { ...place, attributes: objectIn(span['data']) }));
}

/** Spans of a container of version 2, whose attributes carry their type. */
export function spansOfContainer(container: JsonObject, place: SpanPlace): SpanRow[] {
  return listIn(container['items'])
    .slice(0, place.limits.records)
    .map(objectIn)
    .flatMap((span) => {
      const attributes = plainAttributes(span['attributes']);
      const renamed = {
        ...span,
        description: span['name'],
        timestamp: span['end_timestamp'],
        op: attributes['sentry.op'],
      };
      const resource = resourceOf(place.resource, attributes);
      return spanOf(renamed, { ...place, resource, attributes });
    });
}

/** Values of attributes that are written as `{ value, type }`. */
export function plainAttributes(value: unknown): Record<string, unknown> {
  return Object.fromEntries(entriesIn(value).map(([key, attribute]) => [key, objectIn(attribute)['value']]));
}

/** Release, environment and host stand on each record of a container. */
export function resourceOf(resource: ResourceFacts, attributes: Readonly<Record<string, unknown>>): ResourceFacts {
  const version = textIn(attributes['sentry.release'], 250) || resource.version;
  const environment = textIn(attributes['sentry.environment'], 64) || resource.environment;
  const instance = textIn(attributes['server.address'], 256) || resource.instance;
  if (version === resource.version && environment === resource.environment && instance === resource.instance) {
    return resource;
  }
  return { ...resource, version, environment, instance };
}

/** Attributes as key, value, key, value ... */
export function flatten(attributes: Readonly<Record<string, unknown>>, limits: SentryLimits): FlatAttributes {
  const flat: string[] = [];
  for (const [key, value] of Object.entries(attributes).slice(0, limits.fields)) {
    const text = anyText(value, limits);
    if (text !== '') flat.push(key.slice(0, 200), text);
  }
  return flat;
}

interface OneSpanPlace extends SpanPlace {
  readonly attributes: Readonly<Record<string, unknown>>;
}

function spanOf(span: JsonObject, { resource, attributes, clockShiftMs, limits }: OneSpanPlace): SpanRow[] {
  const [traceId, spanId] = [hexIn(span['trace_id'], 32), hexIn(span['span_id'], 16)];
  const [startNs, endNs] = [nanosecondsIn(span['start_timestamp']), nanosecondsIn(span['timestamp'])];
  if (traceId === '' || spanId === '' || startNs === undefined) return [];
  const op = textIn(span['op'], 128);
  const kind = kindOf(op, textIn(attributes['sentry.kind'] ?? attributes['otel.kind'], 16));
  const shiftNs = BigInt(Math.round(clockShiftMs)) * 1_000_000n;
  return [
    {
      resource,
      scope: textIn(span['origin'] ?? attributes['sentry.origin'], 128) || 'sentry',
      traceId: bytesOf(traceId),
      spanId: bytesOf(spanId),
      parentId: bytesOf(hexIn(span['parent_span_id'], 16)),
      name: textIn(span['description'], 512) || op || '(unnamed)',
      kind,
      startNs: startNs + shiftNs,
      endNs: (endNs ?? startNs) + shiftNs,
      statusCode: statusOf(textIn(span['status'], 64), kind),
      statusMessage: '',
      attributes: flatten({ ...(op === '' ? {} : { 'sentry.op': op }), ...attributes }, limits),
      events: [],
      links: [],
    },
  ];
}

/** Bytes of an id; empty for an empty text. */
export function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array(0);
}
