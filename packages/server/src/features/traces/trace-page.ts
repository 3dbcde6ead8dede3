import { BelayError } from '@belay/core';
import type { TimeRange } from '../../platform/http/time-range.ts';
import {
  arrivedSince,
  createSqlParameters,
  nanosecondBounds,
  nanosecondsOf,
  type TelemetryReader,
  timeBounds,
} from '../telemetry/api.ts';
import { traceSet } from './span-columns.ts';
import { type SpanQuestion, traceCondition, type TraceFilter } from './trace-condition.ts';

export interface TracePageQuestion {
  readonly filter: TraceFilter;
  readonly range: TimeRange;
  readonly sort: 'newest' | 'slowest';
  readonly cursor: string | undefined;
  readonly limit: number;
}

/** A trace stands where its last matching span began (ns), or by its slowest matching span (ns). */
interface Candidate {
  readonly id: string;
  readonly key: bigint;
}

interface Reading {
  readonly reader: TelemetryReader;
  readonly question: SpanQuestion;
  readonly range: TimeRange;
  readonly wanted: number;
  readonly after: Candidate | undefined;
}

const FIRST_WINDOW_NS = 60_000_000_000n;
const GROWTH = 16n;
/** Slow spans read at once, for each trace wanted: several may belong to one trace. */
const SPANS_PER_TRACE = 20;
const MOST_SPANS = 200_000;

/** Ids of one page of traces. A trace is on one page only, whatever is stored meanwhile. */
export async function readTracePage(
  reader: TelemetryReader,
  { filter, range, sort, cursor, limit }: TracePageQuestion,
): Promise<{ readonly ids: readonly string[]; readonly next: string | null }> {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const question = traceCondition(filter, range);
  const reading = { reader, question, range, wanted: limit + 1, after };
  const found = sort === 'newest' ? await newest(reading) : await slowest(reading);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return {
    ids: shown.map(({ id }) => id),
    next: found.length > limit && last !== undefined ? `${last.key}-${last.id}` : null,
  };
}

/** Looks back in windows that grow, so that the newest traces cost minutes of the store and not the whole range. */
async function newest(reading: Reading): Promise<Candidate[]> {
  const { range, wanted, after } = reading;
  const fromNs = nanosecondsOf(range.fromMs);
  const toNs = nanosecondsOf(range.toMs);
  const found = new Map<string, Candidate>();
  let edge = after !== undefined && after.key < toNs ? after.key + 1n : toNs;
  let width = FIRST_WINDOW_NS;
  while (edge > fromNs && found.size < wanted) {
    const next = edge - width > fromNs ? edge - width : fromNs;
    const window = await newestIn(reading, { fromNs: next, toNs: edge, seen: found.size });
    const fresh = await withoutShown(
      reading,
      window.filter(({ id }) => !found.has(id)),
      'newest',
    );
    for (const candidate of fresh) found.set(candidate.id, candidate);
    edge = next;
    width *= GROWTH;
  }
  return [...found.values()];
}

interface Window {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly seen: number;
}

async function newestIn({ reader, question, wanted, after }: Reading, window: Window): Promise<Candidate[]> {
  const parameters = createSqlParameters(question.parameters);
  const rows = await reader.rows<{ id: string; key: string }>(
    `SELECT lower(hex(trace_id)) AS id, toUnixTimestamp64Nano(max(ts)) AS at, toString(at) AS key FROM spans
     WHERE ${nanosecondBounds(parameters, window.fromNs, window.toNs)}
       AND ${arrivedSince(parameters, Number(window.fromNs / 1_000_000n))} AND ${question.condition}
     GROUP BY trace_id HAVING ${beyond(after, 'at', parameters)}
     ORDER BY at DESC, id LIMIT ${2 * wanted + window.seen}`,
    { name: 'traces.list', parameters: parameters.values },
  );
  return rows.map(({ id, key }) => ({ id, key: BigInt(key) }));
}

async function slowest(reading: Reading): Promise<Candidate[]> {
  const { reader, question, range, wanted, after } = reading;
  for (let most = wanted * SPANS_PER_TRACE; ; most *= 10) {
    const parameters = createSqlParameters(question.parameters);
    const rows = await reader.rows<{ id: string; key: string }>(
      `SELECT lower(hex(trace_id)) AS id, toString(duration_ns) AS key FROM spans
       WHERE ${timeBounds(parameters, range)} AND ${question.condition}
         AND ${after === undefined ? '1' : `duration_ns <= ${parameters.add(String(after.key), 'UInt64')}`}
         AND ${beyond(after, 'duration_ns', parameters, 'lower(hex(trace_id))')}
       ORDER BY duration_ns DESC, trace_id LIMIT ${most}`,
      { name: 'traces.list', parameters: parameters.values },
    );
    const found = new Map<string, Candidate>();
    for (const { id, key } of rows) if (!found.has(id)) found.set(id, { id, key: BigInt(key) });
    const fresh = await withoutShown(reading, [...found.values()].slice(0, 4 * wanted), 'slowest');
    if (fresh.length >= wanted || rows.length < most || most >= MOST_SPANS) return fresh;
  }
}

/** Leaves out traces with a matching span before the cursor: they stood on an earlier page. */
async function withoutShown(
  { reader, question, range, after }: Reading,
  candidates: readonly Candidate[],
  sort: 'newest' | 'slowest',
): Promise<Candidate[]> {
  if (after === undefined || candidates.length === 0) return [...candidates];
  const parameters = createSqlParameters(question.parameters);
  const key = sort === 'newest' ? 'toUnixTimestamp64Nano(ts)' : 'toInt64(least(duration_ns, 9000000000000000000))';
  const ids = traceSet(
    parameters,
    candidates.map(({ id }) => id),
  );
  const rows = await reader.rows<{ id: string }>(
    `SELECT lower(hex(trace_id)) AS id FROM spans
     WHERE ${timeBounds(parameters, range)} AND trace_id IN (${ids}) AND ${question.condition}
       AND NOT ${beyond(after, key, parameters, 'lower(hex(trace_id))')}
     GROUP BY trace_id`,
    { name: 'traces.list', parameters: parameters.values },
  );
  const shown = new Set(rows.map(({ id }) => id));
  return candidates.filter(({ id }) => !shown.has(id));
}

function beyond(after: Candidate | undefined, key: string, parameters: SpanQuestion['parameters'], id = 'id'): string {
  if (after === undefined) return '1';
  const bound = parameters.add(String(after.key), 'Int64');
  return `(${key} < ${bound} OR (${key} = ${bound} AND ${id} > ${parameters.add(after.id, 'String')}))`;
}

function readCursor(text: string): Candidate {
  const [, key, id] = /^(\d{1,19})-([0-9a-f]{32})$/.exec(text) ?? [];
  if (key !== undefined && id !== undefined && BigInt(key) < 2n ** 63n) return { key: BigInt(key), id };
  const mend = 'Send `next` of the page before.';
  throw new BelayError('request.invalid', 'The cursor cannot be used.', {
    hint: mend,
    issues: [{ path: 'cursor', message: 'is not a cursor of this list', seen: text.slice(0, 120), mend }],
  });
}
