import type { ErrorEvent } from '@belay/core/errors';
import { BelayError } from '@belay/core';
import type { JsonObject } from '../otlp/json-value.ts';
import type { LogRow, ResourceFacts, SpanRow } from '../otlp/telemetry-batch.ts';
import { decodeSentryEvent, type EventSurroundings, sdkOf } from './decode-event.ts';
import { type EnvelopeItem, objectOf, readEnvelope } from './envelope.ts';
import {
  checkInIn,
  feedbackIn,
  type SentryCheckIn,
  type SentryFeedback,
  type SentrySession,
  sessionAggregatesIn,
  sessionIn,
} from './sentry-health.ts';
import { defaultSentryLimits, type SentryLimits } from './sentry-limits.ts';
import { logsOfContainer } from './sentry-logs.ts';
import { spansOfContainer, spansOfTransaction, type SpanPlace } from './sentry-spans.ts';
import { hexIn, textIn, timeIn } from './sentry-value.ts';

/** What an envelope or a stored event brings. */
export interface SentryBatch {
  /** Of the envelope's header, else of the first event; empty when neither names one. */
  readonly eventId: string;
  readonly events: readonly ErrorEvent[];
  readonly spans: readonly SpanRow[];
  readonly logs: readonly LogRow[];
  readonly sessions: readonly SentrySession[];
  readonly checkIns: readonly SentryCheckIn[];
  readonly feedback: readonly SentryFeedback[];
  /** What the SDK itself says that it did not send, by reason. */
  readonly clientDropped: ReadonlyMap<string, number>;
  /** Items that are not kept, by type and reason. */
  readonly dropped: ReadonlyMap<string, number>;
}

/** Who sends, and when it arrived. */
export interface SentryDecodeOptions {
  /** Service of the project, for what names none. */
  readonly service: string;
  readonly receivedMs: number;
  /** Stands for an event id that is not given; different for each request. 32 hexadecimal digits. */
  readonly eventId: string;
  readonly limits?: SentryLimits;
}

/** Clocks that are off by less are believed. */
const CLOCK_TOLERANCE_MS = 300_000;

/** Reads an envelope. Refuses only what is none (`request.malformed`); items it cannot keep are counted in `dropped`. */
export function decodeSentryEnvelope(bytes: Uint8Array, options: SentryDecodeOptions): SentryBatch {
  const limits = options.limits ?? defaultSentryLimits;
  const { header, items, cut } = readEnvelope(bytes, limits);
  const draft = createDraft(header, { ...options, limits });
  for (const item of items) draft.take(item);
  if (cut !== '') draft.drop('envelope', cut);
  return draft.batch();
}

/** Reads the single event of the older `/store/` address. */
export function decodeSentryStore(bytes: Uint8Array, options: SentryDecodeOptions): SentryBatch {
  const event = objectOf(bytes);
  if (event === undefined) {
    throw new BelayError('request.malformed', 'The body is not a JSON object.', {
      hint: 'Send one event as JSON, or an envelope to /api/{project}/envelope/.',
    });
  }
  const draft = createDraft({}, { ...options, limits: options.limits ?? defaultSentryLimits });
  const type = event['type'] === 'transaction' ? 'transaction' : 'event';
  draft.take({ type, header: {}, payload: bytes });
  return draft.batch();
}

interface Draft {
  take(item: EnvelopeItem): void;
  drop(type: string, reason: string, count?: number): void;
  batch(): SentryBatch;
}

type Lists = {
  -readonly [Key in 'events' | 'spans' | 'logs' | 'sessions' | 'checkIns' | 'feedback']: SentryBatch[Key][number][];
};

/** Items that other tools keep and Belay does not, each counted. */
const REFUSED: ReadonlySet<string> = new Set([
  ...'attachment profile profile_chunk replay_event replay_recording replay_video'.split(' '),
  ...'statsd metric_buckets trace_metric raw_security'.split(' '),
]);

function createDraft(header: JsonObject, options: SentryDecodeOptions & { readonly limits: SentryLimits }): Draft {
  const { limits, service, receivedMs } = options;
  const lists: Lists = { events: [], spans: [], logs: [], sessions: [], checkIns: [], feedback: [] };
  const dropped = new Map<string, number>();
  const clientDropped = new Map<string, number>();
  const clockShiftMs = shiftOf(header['sent_at'], receivedMs);
  const given = hexIn(header['event_id'], 32);
  const around: EventSurroundings = { service, receivedMs, clockShiftMs, limits, eventId: given || options.eventId };
  const drop: Draft['drop'] = (type, reason, count = 1) => {
    const key = `${type.slice(0, 40)}: ${reason}`;
    if (dropped.has(key) || dropped.size < 32) dropped.set(key, (dropped.get(key) ?? 0) + count);
  };
  const readers = itemReaders(lists, { around, sdk: sdkOf(header['sdk']), clientDropped });
  return {
    drop,
    take({ type, payload }) {
      const read = readers.get(type);
      if (REFUSED.has(type)) return drop(type, 'not kept by Belay');
      if (read === undefined) return drop(type, 'unknown type');
      if (payload.length > limits.itemBytes) return drop(type, `larger than ${limits.itemBytes} bytes`);
      const value = objectOf(payload);
      if (value === undefined) return drop(type, 'not a JSON object');
      if (read(value) === 0) drop(type, 'incomplete');
    },
    batch: () => ({ eventId: given || (lists.events[0]?.eventId ?? ''), ...lists, clientDropped, dropped }),
  };
}

interface ReaderPlace {
  readonly around: EventSurroundings;
  readonly sdk: string;
  readonly clientDropped: Map<string, number>;
}

/** How each type of item is read; the number says how much came of it. */
function itemReaders(
  lists: Lists,
  { around, sdk, clientDropped }: ReaderPlace,
): ReadonlyMap<string, (item: JsonObject) => number> {
  const add = <Value>(list: Value[], values: readonly (Value | undefined)[]): number => {
    const present = values.filter((value) => value !== undefined);
    for (const value of present) list.push(value);
    return present.length;
  };
  const place = (item: JsonObject): SpanPlace & { receivedMs: number } => ({
    resource: resourceFacts(item, around.service, sdk),
    clockShiftMs: around.clockShiftMs,
    receivedMs: around.receivedMs,
    limits: around.limits,
  });
  const feedback = (item: JsonObject): number => add(lists.feedback, [feedbackIn(item, around)]);
  return new Map<string, (item: JsonObject) => number>([
    ['event', (item) => add(lists.events, [decodeSentryEvent({ sdk: sdkParts(sdk), ...item }, around)])],
    ['transaction', (item) => add(lists.spans, spansOfTransaction(item, place(item)))],
    ['span', (item) => add(lists.spans, spansOfContainer(asContainer(item), place(item)))],
    ['log', (item) => add(lists.logs, logsOfContainer(item, place(item)))],
    ['session', (item) => add(lists.sessions, [sessionIn(item, around)])],
    ['sessions', (item) => add(lists.sessions, sessionAggregatesIn(item, around))],
    ['check_in', (item) => add(lists.checkIns, [checkInIn(item, around)])],
    ['feedback', feedback],
    ['user_report', feedback],
    ['client_report', (item) => countReport(item, clientDropped)],
  ]);
}

/** A span item of version 1 as a container of version 2. */
function asContainer(span: JsonObject): JsonObject {
  if (Array.isArray(span['items'])) return span;
  const data = typeof span['data'] === 'object' && span['data'] !== null ? span['data'] : {};
  const op = span['op'] === undefined ? {} : { 'sentry.op': span['op'] };
  const attributes = Object.fromEntries(Object.entries({ ...op, ...data }).map(([key, value]) => [key, { value }]));
  return { items: [{ ...span, name: span['description'], end_timestamp: span['timestamp'], attributes }] };
}

function countReport(report: JsonObject, into: Map<string, number>): number {
  const events = report['discarded_events'];
  if (!Array.isArray(events)) return 1;
  for (const entry of events.slice(0, 100) as unknown[]) {
    const { reason, category, quantity } = Object(entry) as Record<string, unknown>;
    const count = typeof quantity === 'number' && quantity > 0 ? Math.floor(Math.min(quantity, 1e9)) : 0;
    const key = `${textIn(category, 40)}: ${textIn(reason, 40)}`;
    if (count > 0 && (into.has(key) || into.size < 32)) into.set(key, (into.get(key) ?? 0) + count);
  }
  return 1;
}

function shiftOf(sentAt: unknown, receivedMs: number): number {
  const sent = timeIn(sentAt);
  if (sent === undefined) return 0;
  const shift = receivedMs - sent;
  return Math.abs(shift) > CLOCK_TOLERANCE_MS ? shift : 0;
}

function sdkParts(sdk: string): JsonObject {
  const [name, version] = sdk.split('/');
  return { name, version };
}

function resourceFacts(item: JsonObject, service: string, envelopeSdk: string): ResourceFacts {
  const [sdk = '', sdkVersion = ''] = (sdkOf(item['sdk']) || envelopeSdk).split('/');
  const version = textIn(item['release'], 250);
  const environment = textIn(item['environment'], 64);
  const instance = textIn(item['server_name'], 256);
  const facts = {
    'service.name': service,
    'service.version': version,
    'deployment.environment.name': environment,
    'service.instance.id': instance,
    'telemetry.sdk.name': sdk,
    'telemetry.sdk.version': sdkVersion,
  };
  const attributes = Object.entries(facts).flatMap(([key, value]) => (value === '' ? [] : [key, value]));
  return { service, instance, sdk, sdkVersion, sentAtMs: undefined, version, environment, attributes };
}
