import type { JsonObject } from '../otlp/json-value.ts';
import type { EventSurroundings } from './decode-event.ts';
import { hexIn, listIn, objectIn, textIn, timeIn } from './sentry-value.ts';

/** Sessions of one state: a single one as it changes, or many of one minute counted together. */
export interface SentrySession {
  readonly timeMs: number;
  readonly startedMs: number;
  /** Empty for counted sessions. */
  readonly sessionId: string;
  readonly status: 'ok' | 'exited' | 'errored' | 'crashed' | 'abnormal' | 'unhandled';
  readonly errors: number;
  /** Whether this is the first word of the session; counted sessions are. */
  readonly isFirst: boolean;
  readonly count: number;
  readonly durationMs: number;
  readonly release: string;
  readonly environment: string;
  /** What tells users apart; never stored. */
  readonly user: string;
}

const STATUSES: ReadonlySet<string> = new Set(['ok', 'exited', 'errored', 'crashed', 'abnormal', 'unhandled']);

/** The state of one session; undefined when it cannot be told. */
export function sessionIn(session: JsonObject, around: EventSurroundings): SentrySession | undefined {
  const attributes = objectIn(session['attrs']);
  const status = textIn(session['status'], 16) || 'ok';
  if (!STATUSES.has(status)) return undefined;
  const timeMs = (timeIn(session['timestamp']) ?? around.receivedMs) + around.clockShiftMs;
  const errors = session['errors'];
  const duration = session['duration'];
  return {
    timeMs,
    startedMs: (timeIn(session['started']) ?? timeMs) + around.clockShiftMs,
    sessionId: hexIn(session['sid'], 32),
    status: status as SentrySession['status'],
    errors: typeof errors === 'number' && errors > 0 ? Math.floor(Math.min(errors, 1e9)) : 0,
    isFirst: session['init'] === true,
    count: 1,
    durationMs: typeof duration === 'number' && duration > 0 ? duration * 1000 : 0,
    release: textIn(attributes['release'], 250),
    environment: textIn(attributes['environment'], 64) || 'production',
    user: textIn(session['did'], 256),
  };
}

/** Counted sessions, one for each minute and state. */
export function sessionAggregatesIn(item: JsonObject, around: EventSurroundings): SentrySession[] {
  const attributes = objectIn(item['attrs']);
  const release = textIn(attributes['release'], 250);
  const environment = textIn(attributes['environment'], 64) || 'production';
  return listIn(item['aggregates'])
    .slice(0, around.limits.records)
    .map(objectIn)
    .flatMap((counts) => {
      const timeMs = (timeIn(counts['started']) ?? around.receivedMs) + around.clockShiftMs;
      return (['exited', 'errored', 'crashed', 'abnormal', 'unhandled'] as const).flatMap((status) => {
        const count = counts[status];
        if (typeof count !== 'number' || !(count > 0)) return [];
        const single = { sessionId: '', errors: 0, isFirst: true, durationMs: 0, user: '' };
        const whole = Math.floor(Math.min(count, 1e9));
        return [{ ...single, timeMs, startedMs: timeMs, status, count: whole, release, environment }];
      });
    });
}

/** A word of a scheduled job. */
export interface SentryCheckIn {
  readonly timeMs: number;
  /** 32 hexadecimal digits; empty when not given. */
  readonly checkInId: string;
  readonly monitor: string;
  readonly status: 'in_progress' | 'ok' | 'error';
  readonly durationMs: number;
  /** `0 * * * *` or `10 minute`; empty when not told. */
  readonly schedule: string;
  readonly release: string;
  readonly environment: string;
  readonly traceId: string;
}

/** A check-in; undefined without a monitor or with an unknown status. */
export function checkInIn(item: JsonObject, around: EventSurroundings): SentryCheckIn | undefined {
  const monitor = textIn(item['monitor_slug'], 128);
  const status = textIn(item['status'], 16);
  if (monitor === '' || (status !== 'in_progress' && status !== 'ok' && status !== 'error')) return undefined;
  const schedule = objectIn(objectIn(item['monitor_config'])['schedule']);
  const duration = item['duration'];
  return {
    timeMs: around.receivedMs,
    checkInId: hexIn(item['check_in_id'], 32),
    monitor,
    status,
    durationMs: typeof duration === 'number' && duration > 0 ? duration * 1000 : 0,
    schedule: [textIn(schedule['value'], 128), textIn(schedule['unit'], 16)].filter((text) => text !== '').join(' '),
    release: textIn(item['release'], 250),
    environment: textIn(item['environment'], 64) || 'production',
    traceId: hexIn(objectIn(objectIn(item['contexts'])['trace'])['trace_id'], 32),
  };
}

/** What a person wrote about an error. */
export interface SentryFeedback {
  readonly timeMs: number;
  /** The event it is about; empty when not told. */
  readonly eventId: string;
  readonly name: string;
  readonly email: string;
  readonly message: string;
  readonly url: string;
  readonly release: string;
  readonly environment: string;
}

/** A `feedback` event or an older `user_report`; undefined when it says nothing. */
export function feedbackIn(item: JsonObject, around: EventSurroundings): SentryFeedback | undefined {
  const feedback = objectIn(objectIn(item['contexts'])['feedback']);
  const message = textIn(feedback['message'] ?? item['comments'], 4096);
  if (message === '') return undefined;
  return {
    timeMs: (timeIn(item['timestamp']) ?? around.receivedMs - around.clockShiftMs) + around.clockShiftMs,
    eventId: hexIn(feedback['associated_event_id'] ?? item['event_id'], 32),
    name: textIn(feedback['name'] ?? item['name'], 128),
    email: textIn(feedback['contact_email'] ?? item['email'], 128),
    message,
    url: textIn(feedback['url'], 1024),
    release: textIn(item['release'], 250),
    environment: textIn(item['environment'], 64) || 'production',
  };
}
