import type { TelemetryReader } from '../../telemetry/api.ts';

/** Where an event came from. The same error told by both is one error. */
export type EventSource = 'sentry' | 'otlp';

/** What makes two tellings the same error: same trace, type and message. Empty without a trace. */
export interface Telling {
  readonly eventId: string;
  readonly twin: string;
  readonly key: string;
  readonly source: EventSource;
}

/** Which events came lately, so that each is stored once whatever is sent again. */
export interface EventMemory {
  /** Reads what was stored before this process; rejects while the store cannot say. */
  load(): Promise<void>;
  /** The write under way or done that brings the event; undefined when it is new. */
  find(eventId: string): Promise<void> | undefined;
  /** The key and source of an earlier telling of the same error. */
  findTwin(twin: string): { readonly key: string; readonly source: EventSource } | undefined;
  /** Notes events that `stored` brings; they are forgotten when it fails. */
  claim(tellings: readonly Telling[], stored: Promise<void>): void;
}

const REMEMBERED_SECONDS = 900;
const REMEMBERED = 100_000;

export function createEventMemory(options: {
  readonly reader: TelemetryReader;
  readonly clock: { now(): number };
}): EventMemory {
  const events = createAgeing<Promise<void>>();
  const twins = createAgeing<{ key: string; source: EventSource }>();
  let loading: Promise<void> | undefined;
  const load = async (): Promise<void> => {
    const since = Math.floor(options.clock.now() / 1000) - REMEMBERED_SECONDS;
    const rows = await options.reader.rows<StoredTelling>(STORED, {
      name: 'errors.recent',
      parameters: { since, limit: REMEMBERED },
    });
    for (const row of rows.toReversed()) {
      events.set(row.event_id, Promise.resolve());
      if (row.trace_id !== '') {
        const source = row.project === '' ? 'otlp' : 'sentry';
        twins.set(twinOf({ traceId: row.trace_id, type: row.type, value: row.value }), { key: row.key, source });
      }
    }
  };
  return {
    async load() {
      loading ??= load().catch((error: unknown) => {
        loading = undefined;
        throw error;
      });
      await loading;
    },
    find: (eventId) => events.get(eventId),
    findTwin: (twin) => (twin === '' ? undefined : twins.get(twin)),
    claim(tellings, stored) {
      for (const { eventId, twin, key, source } of tellings) {
        events.set(eventId, stored);
        if (twin !== '' && twins.get(twin) === undefined) twins.set(twin, { key, source });
      }
      stored.catch(() => {
        for (const { eventId, twin } of tellings) {
          events.delete(eventId);
          twins.delete(twin);
        }
      });
    },
  };
}

/** Names an error by its trace, type and message; empty without a trace. */
export function twinOf(event: { readonly traceId: string; readonly type: string; readonly value: string }): string {
  return event.traceId === '' ? '' : `${event.traceId}|${event.type}|${event.value.slice(0, 300)}`;
}

interface StoredTelling {
  readonly event_id: string;
  readonly trace_id: string;
  readonly type: string;
  readonly value: string;
  readonly key: string;
  readonly project: string;
}

const STORED = `
SELECT lower(hex(event_id)) AS event_id, if(trace_id = toFixedString('', 16), '', lower(hex(trace_id))) AS trace_id,
  toString(type) AS type, value, leftPad(lower(hex(issue)), 16, '0') AS key, toString(project) AS project
FROM error_events WHERE _in >= toDateTime({since:UInt32}, 'UTC')
ORDER BY _in DESC LIMIT {limit:UInt32}`;

/** A map that forgets its oldest half when it is full. */
function createAgeing<Value>() {
  let young = new Map<string, Value>();
  let old = new Map<string, Value>();
  return {
    get: (key: string): Value | undefined => young.get(key) ?? old.get(key),
    set(key: string, value: Value): void {
      if (young.size >= REMEMBERED / 2) [old, young] = [young, new Map()];
      young.set(key, value);
    },
    delete(key: string): void {
      young.delete(key);
      old.delete(key);
    },
  };
}
