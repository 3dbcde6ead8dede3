import { BelayError } from '@belay/core';
import type { ErrorEvent, ErrorException, ErrorFrame } from '@belay/core/errors';
import type { ErrorEventSummary, ErrorEventView, ExceptionView, StackFrame } from '@belay/protocol';
import type { TelemetryReader } from '../../telemetry/api.ts';
import type { SourceMaps } from '../source-maps/source-maps.ts';
import { decimalKey } from './arrivals.ts';
import { LONGEST_MS, rangeOf } from './event-query.ts';
import { levelOf } from './issue-list.ts';
import type { IssueRecord } from './issue-store.ts';

export interface EventReading {
  readonly reader: TelemetryReader;
  readonly clock: { now(): number };
  readonly sourceMaps: Pick<SourceMaps, 'apply' | 'note'>;
}

interface EventRow {
  readonly eventId: string;
  readonly at: number;
  readonly title: string;
  readonly level: string;
  readonly service: string;
  readonly instance: string;
  readonly environment: string;
  readonly release: string;
  readonly transaction: string;
  readonly user: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly flagKey: string;
  readonly variant: string;
  readonly rolloutId: string;
  readonly handled: number;
  readonly payload: string;
}

const SUMMARY = `lower(hex(event_id)) AS eventId, toUnixTimestamp64Milli(ts) AS at, title, toString(level) AS level,
  toString(service) AS service, toString(instance) AS instance, toString(environment) AS environment,
  toString(release) AS release, toString(transaction) AS transaction, if(user_hash = 0, '', lower(hex(user_hash))) AS user,
  if(trace_id = toFixedString('', 16), '', lower(hex(trace_id))) AS traceId,
  if(span_id = toFixedString('', 8), '', lower(hex(span_id))) AS spanId, toString(flag_key) AS flagKey,
  toString(variant) AS variant, toString(rollout) AS rolloutId, handled`;

interface EventQuery {
  readonly issue: IssueRecord;
  readonly keys: readonly string[];
  /** The newest when absent. */
  readonly eventId?: string;
}

/** One event with its stack, mapped anew when a source map came after it; null when there is none (any more). */
export async function readEvent(
  reading: EventReading,
  { issue, keys, eventId }: EventQuery,
): Promise<ErrorEventView | null> {
  const [row] = await reading.reader.rows<EventRow>(
    `SELECT ${SUMMARY}, payload FROM error_events
     WHERE issue IN {keys:Array(UInt64)} ${eventId === undefined ? '' : 'AND event_id = unhex({eventId:String})'}
     ORDER BY ts DESC LIMIT 1`,
    { name: 'errors.event', parameters: { keys: keys.map(decimalKey), eventId: eventId ?? '' } },
  );
  if (row === undefined) return null;
  // Written by Belay itself, from this very type.
  const stored = JSON.parse(row.payload) as ErrorEvent;
  const event = await reading.sourceMaps.apply(stored);
  return {
    ...summaryOf(row),
    issueId: issue.id,
    platform: event.platform,
    sdk: event.sdk,
    handled: row.handled === 2 ? null : row.handled === 1,
    message: event.message,
    exceptions: event.exceptions.map(exceptionView),
    breadcrumbs: event.breadcrumbs.map((crumb) => ({ ...crumb, at: crumb.at ?? null, data: { ...crumb.data } })),
    tags: { ...event.tags },
    contexts: Object.fromEntries(Object.entries(event.contexts).map(([name, fields]) => [name, { ...fields }])),
    flags: Object.entries(event.flags).map(([key, variant]) => ({ key, variant })),
    sourceMapNote: reading.sourceMaps.note(event),
  };
}

/** By id; throws `issue.not-found`. */
export async function requireEvent(reading: EventReading, query: Required<EventQuery>): Promise<ErrorEventView> {
  const eventId = query.eventId.replaceAll('-', '').toLowerCase();
  const found = /^[0-9a-f]{32}$/u.test(eventId) ? await readEvent(reading, { ...query, eventId }) : null;
  if (found !== null) return found;
  throw new BelayError('issue.not-found', `This error has no event "${query.eventId.slice(0, 80)}".`, {
    hint: 'Events are kept as long as retention says; list those of the error.',
  });
}

/** Events of an issue, newest first. */
export async function listEvents(
  reading: EventReading,
  keys: readonly string[],
  query: {
    readonly limit: number;
    readonly cursor?: string | undefined;
    readonly from?: number | undefined;
    readonly to?: number | undefined;
  },
): Promise<{ items: ErrorEventSummary[]; next: string | null }> {
  const [at, offset] = cursorOf(query.cursor);
  const to = query.to ?? reading.clock.now() + 1;
  const { from } = rangeOf({ from: query.from ?? Math.max(0, to - LONGEST_MS), to }, to);
  const rows = await reading.reader.rows<EventRow>(
    `SELECT ${SUMMARY} FROM error_events WHERE issue IN {keys:Array(UInt64)}
       AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
       AND ts <= fromUnixTimestamp64Milli({at:Int64}, 'UTC')
     ORDER BY ts DESC, event_id LIMIT {limit:UInt32} OFFSET {offset:UInt32}`,
    { name: 'errors.events', parameters: { keys: keys.map(decimalKey), from, to, at, limit: query.limit + 1, offset } },
  );
  const items = rows.slice(0, query.limit).map(summaryOf);
  const last = items.at(-1);
  if (rows.length <= query.limit || last === undefined) return { items, next: null };
  // Events of one millisecond are told apart by how many of them were shown.
  const shown = items.filter((item) => item.at === last.at).length + (last.at === at ? offset : 0);
  return { items, next: `${last.at}.${shown}` };
}

const END_OF_TIME = 4_102_444_800_000;

function cursorOf(cursor: string | undefined): [number, number] {
  if (cursor === undefined) return [END_OF_TIME, 0];
  const match = /^(\d{1,13})\.(\d{1,9})$/u.exec(cursor);
  if (match !== null) return [Number(match[1]), Number(match[2])];
  throw new BelayError('request.invalid', 'The cursor is not one that this list gave out.', {
    issues: [
      { path: 'cursor', message: 'is no place in this list', seen: cursor.slice(0, 40), mend: 'use "next" of a page' },
    ],
  });
}

function summaryOf(row: EventRow): ErrorEventSummary {
  const orNull = (text: string): string | null => (text === '' ? null : text);
  const { eventId, at, title, service, instance, environment, release, transaction } = row;
  return {
    eventId,
    at,
    title,
    level: levelOf(row.level),
    service,
    instance,
    environment,
    release,
    transaction,
    user: orNull(row.user),
    traceId: orNull(row.traceId),
    spanId: orNull(row.spanId),
    flagKey: orNull(row.flagKey),
    variant: orNull(row.variant),
    rolloutId: orNull(row.rolloutId),
  };
}

function exceptionView(exception: ErrorException): ExceptionView {
  return {
    type: exception.type,
    value: exception.value,
    module: exception.module ?? null,
    mechanism: exception.mechanism ?? null,
    handled: exception.handled ?? null,
    frames: exception.frames.map(frameView),
  };
}

function frameView({ function: name, module, file, line, column, inApp, context, minified }: ErrorFrame): StackFrame {
  return {
    function: name ?? null,
    module: module ?? null,
    file: file ?? null,
    line: line ?? null,
    column: column ?? null,
    inApp: inApp ?? true,
    context: context === undefined ? null : { first: context.first, lines: [...context.lines] },
    minified:
      minified === undefined
        ? null
        : { file: minified.file ?? null, line: minified.line ?? null, column: minified.column ?? null },
  };
}
