import { createHash } from 'node:crypto';
import { describeError, type ErrorEvent, groupError } from '@belay/core/errors';
import type { SourceMaps } from '../source-maps/source-maps.ts';
import type { ErrorRow } from './error-rows.ts';
import { type EventMemory, type EventSource, type Telling, twinOf } from './event-memory.ts';
import type { RunningPaths } from './running-paths.ts';

export interface EventPreparerOptions {
  readonly memory: EventMemory;
  readonly sourceMaps: Pick<SourceMaps, 'apply'>;
  readonly paths: RunningPaths;
  readonly clock: { now(): number };
  /** Makes hashes of users mean nothing outside this installation. */
  readonly salt: string;
  readonly redact: (event: ErrorEvent) => ErrorEvent;
}

/** Rows to store, what they tell, and the writes of others that must also succeed. */
export interface PreparedEvents {
  readonly rows: readonly ErrorRow[];
  readonly tellings: readonly Telling[];
  readonly pending: readonly Promise<void>[];
  readonly duplicates: number;
}

export interface EventPreparer {
  prepare(events: readonly ErrorEvent[], from: { project: string; source: EventSource }): Promise<PreparedEvents>;
  hashUser(user: string): bigint;
}

const PAYLOAD_LIMIT = 512 * 1024;
const FUTURE_MS = 60_000;
const PAST_MS = 30 * 86_400_000;

/** Turns events into rows: source maps, grouping, flags, redaction; leaves out what was told before. */
export function createEventPreparer(options: EventPreparerOptions): EventPreparer {
  const { memory, sourceMaps, clock, salt } = options;
  const hashUser = (user: string): bigint =>
    user === '' ? 0n : createHash('sha256').update(salt).update(user).digest().readBigUInt64LE() | 1n;
  return {
    hashUser,
    async prepare(events, { project, source }) {
      await memory.load();
      const rows: ErrorRow[] = [];
      const tellings: Telling[] = [];
      const pending: Promise<void>[] = [];
      let duplicates = 0;
      // Maps take a while to read; what is decided about duplicates below must not be interrupted.
      const mapped = await Promise.all(events.map((event) => sourceMaps.apply(atStorableTime(event, clock.now()))));
      const seen = new Set<string>();
      for (const event of mapped) {
        const earlier = memory.find(event.eventId);
        if (earlier !== undefined) pending.push(earlier);
        const row =
          earlier === undefined && !seen.has(event.eventId) ? rowOf(event, options, { project, hashUser }) : undefined;
        const twin = row === undefined ? '' : twinOf({ traceId: event.traceId, type: row.type, value: row.value });
        const told = memory.findTwin(twin) ?? tellings.find((telling) => twin !== '' && telling.twin === twin);
        if (row === undefined || (told !== undefined && source === 'otlp')) {
          duplicates += 1;
          continue;
        }
        seen.add(event.eventId);
        // OpenTelemetry told it first: this one has the details, that one counts.
        const isTwin = told !== undefined && told.source === 'otlp';
        rows.push(isTwin ? { ...row, key: told.key, otherKeys: [...row.otherKeys, row.key], weight: 0 } : row);
        tellings.push({ eventId: event.eventId, twin, key: row.key, source });
      }
      return { rows, tellings, pending, duplicates };
    },
  };
}

/** A time that is far off would hide the event for ever. */
function atStorableTime(event: ErrorEvent, now: number): ErrorEvent {
  const isStorable = event.timeMs <= now + FUTURE_MS && event.timeMs >= now - PAST_MS;
  return isStorable ? event : { ...event, timeMs: now };
}

interface RowPlace {
  readonly project: string;
  readonly hashUser: (user: string) => bigint;
}

function rowOf(mapped: ErrorEvent, { paths, redact }: EventPreparerOptions, { project, hashUser }: RowPlace): ErrorRow {
  const userHash = hashUser(mapped.user);
  const flags = paths.variantsOf(mapped);
  const event = redact({ ...mapped, user: '', flags });
  const grouping = groupError(event);
  const { title, type, value, culprit, handled } = describeError(event);
  const path = paths.pathOf(event);
  const [firstFlag] = Object.entries(flags);
  return {
    project,
    event,
    key: grouping.key,
    otherKeys: [...new Set([grouping.unmappedKey, ...grouping.olderKeys])].filter((key) => key !== grouping.key),
    groupedBy: grouping.by,
    title,
    type,
    value,
    culprit: { function: culprit?.function ?? '', file: culprit?.file ?? '', line: culprit?.line ?? 0 },
    frames: framesText(event),
    handled,
    userHash,
    flagKey: path?.flagKey ?? firstFlag?.[0] ?? '',
    variant: path?.variant ?? firstFlag?.[1] ?? '',
    rolloutId: path?.rolloutId ?? '',
    payload: payloadOf(event),
    weight: 1,
  };
}

function framesText(event: ErrorEvent): string {
  const names = event.exceptions.flatMap(({ frames }) =>
    frames.slice(0, 50).map((frame) => `${frame.function ?? ''} ${frame.file ?? frame.module ?? ''}`),
  );
  return [...new Set(names)].join('\n').toLowerCase().slice(0, 4096);
}

/** What does not fit is left out, least important first. */
function payloadOf(event: ErrorEvent): string {
  const full = JSON.stringify(event);
  if (full.length <= PAYLOAD_LIMIT) return full;
  const less = JSON.stringify({ ...event, breadcrumbs: event.breadcrumbs.slice(-10), contexts: {} });
  if (less.length <= PAYLOAD_LIMIT) return less;
  return JSON.stringify({
    ...event,
    breadcrumbs: [],
    contexts: {},
    tags: {},
    exceptions: event.exceptions.slice(0, 1),
  });
}
