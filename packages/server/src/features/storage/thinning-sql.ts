import type { CriticalOperation, DayState, DayTarget, SamplingPolicy } from './retention-policy.ts';

/** Traces that are kept in full: found once, used for spans and logs. */
export const KEPT = 'ageing_kept';
/** Rows of groups of which the share would keep none. */
export const RESCUED = 'ageing_rescued';
/** What each kept row of a group stands for. */
export const FACTORS = 'ageing_factors';

const NONE = "toFixedString('', 16)";
const HOUR_MARGIN = 900;
const PARTS = 1_000_000;

export interface ThinningOptions {
  readonly table: 'spans' | 'logs';
  /** Unix second at which the day begins. */
  readonly from: number;
  readonly target: DayTarget;
  readonly sampling: SamplingPolicy;
}

/** Tables that one rewrite works with; they are gone afterwards, and made anew after a crash. */
export function helperTables(): string[] {
  return [
    `CREATE TABLE ${KEPT} (trace_id FixedString(16)) ENGINE = MergeTree ORDER BY trace_id`,
    `CREATE TABLE ${RESCUED} (h UInt64) ENGINE = MergeTree ORDER BY h`,
    `CREATE TABLE ${FACTORS} (g UInt64, factor Float64) ENGINE = MergeTree ORDER BY g`,
  ];
}

/**
 * Every trace with an error, a critical operation, or a span slower than the limit and than 99% of its like. Traces
 * that go over midnight are found from both days.
 */
export function findKept({ from, sampling }: ThinningOptions): string {
  const around = `s._in >= toDateTime(${from - HOUR_MARGIN}, 'UTC') AND s._in < toDateTime(${from + 86_400 + HOUR_MARGIN}, 'UTC')`;
  return `INSERT INTO ${KEPT} SELECT DISTINCT s.trace_id FROM spans AS s
    ANY LEFT JOIN (
      SELECT toString(service) AS service, toString(name) AS name, quantileTDigest(0.99)(duration_ns) AS most
      FROM spans WHERE ${inDay(from)} GROUP BY service, name
    ) AS usual ON toString(s.service) = usual.service AND toString(s.name) = usual.name
    WHERE ${around} AND s.trace_id != ${NONE}
      AND (s.is_error = 1 OR ${isCritical(sampling.critical, 's.')} OR s.duration_ns > greatest(${Math.round(sampling.slowMs * 1e6)}, usual.most))`;
}

/** One row of each group that the share would leave without any, so that no count is lost. */
export function findRescued(options: ThinningOptions): string {
  return `INSERT INTO ${RESCUED} SELECT min(${hash(options)}) FROM ${options.table} WHERE ${inDay(options.from)} AND ${stays(options.target)}
    AND NOT ${isKept(options)} GROUP BY ${group(options)} HAVING countIf(${isInShare(options)}) = 0`;
}

export function findFactors(options: ThinningOptions): string {
  return `INSERT INTO ${FACTORS} SELECT ${group(options)} AS g, sum(weight) / sumIf(weight, ${isSampled(options)})
    FROM ${options.table} WHERE ${inDay(options.from)} AND ${stays(options.target)} AND NOT ${isKept(options)} GROUP BY g`;
}

/** Copies one of `slices` slices of the day; the slices bound the memory that it takes. */
export function copySlice(
  options: ThinningOptions,
  copy: {
    readonly into: string;
    readonly columns: readonly string[];
    readonly slice: number;
    readonly slices: number;
  },
): string {
  const { table, from, target } = options;
  const others = copy.columns.filter((column) => column !== 'weight');
  const slice = copy.slices === 1 ? '1' : `${hash(options)} % ${copy.slices} = ${copy.slice}`;
  return `INSERT INTO ${copy.into} (${others.join(', ')}, weight)
    SELECT ${others.join(', ')}, if(is_kept, weight, weight * f.factor) AS w
    FROM (
      SELECT ${others.join(', ')}, weight, ${isKept(options)} AS is_kept, ${group(options)} AS g
      FROM ${table} WHERE ${inDay(from)} AND ${slice} AND ${stays(target)} AND (is_kept OR ${isSampled(options)})
    ) AS r ANY LEFT JOIN ${FACTORS} AS f ON r.g = f.g`;
}

/** Counts that must be the same before and after; of the day's services that stay. */
export function countsOf(table: 'spans' | 'logs', source: string, where: string): string {
  const kind = table === 'spans' ? 'is_error' : 'severity';
  return `SELECT toString(service) AS service, ${kind} AS kind, round(sum(weight), 3) AS n FROM ${source} WHERE ${where}
    GROUP BY service, kind ORDER BY service, kind`;
}

export function inDay(from: number): string {
  return `_in >= toDateTime(${from}, 'UTC') AND _in < toDateTime(${from + 86_400}, 'UTC')`;
}

/** Rows of services of which anything is kept. */
export function stays(target: DayTarget): string {
  return `${byService(target, (state) => (state === 'gone' ? '0' : '1'))} = 1`;
}

function isKept(options: ThinningOptions): string {
  const always =
    options.table === 'logs'
      ? 'severity >= 13'
      : `(trace_id = ${NONE} AND (is_error = 1 OR ${isCritical(options.sampling.critical, '')}))`;
  const isRaw = `${byService(options.target, (state) => (state === 'raw' ? '1' : '0'))} = 1`;
  return `(${isRaw} OR ${always} OR (trace_id != ${NONE} AND trace_id IN (SELECT trace_id FROM ${KEPT})))`;
}

function isSampled(options: ThinningOptions): string {
  return `(${isInShare(options)} OR ${hash(options)} IN (SELECT h FROM ${RESCUED}))`;
}

/** By the trace, so that traces stay whole, and their records with them; a smaller share is part of a larger one. */
function isInShare({ table, sampling }: ThinningOptions): string {
  const common = table === 'spans' ? sampling.traces : sampling.logs;
  const parts = (share: number): number => Math.round(share * PARTS);
  const own = Object.entries(sampling.services).map(
    ([service, share]) => `service = ${quoted(service)}, ${parts(share)}`,
  );
  const share = own.length === 0 ? String(parts(common)) : `multiIf(${own.join(', ')}, ${parts(common)})`;
  return `(${hash({ table })} % ${PARTS} < ${share})`;
}

function hash({ table }: Pick<ThinningOptions, 'table'>): string {
  const own = table === 'spans' ? 'cityHash64(span_id, ts)' : 'cityHash64(ts, body, instance)';
  return `if(trace_id = ${NONE}, ${own}, cityHash64(trace_id))`;
}

function group({ table }: Pick<ThinningOptions, 'table'>): string {
  const keys = table === 'spans' ? 'name, kind, is_error' : 'severity';
  return `cityHash64(toStartOfHour(ts), service, ${keys})`;
}

function isCritical(critical: readonly CriticalOperation[], row: string): string {
  const conditions = critical.map(({ service, operation }) => {
    const name = operation === undefined ? [] : [`(${row}name ${like(operation)} OR ${row}route ${like(operation)})`];
    return [...(service === undefined ? [] : [`${row}service ${like(service)}`]), ...name].join(' AND ');
  });
  return conditions.length === 0 ? '0' : `(${conditions.map((condition) => `(${condition})`).join(' OR ')})`;
}

function like(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('%', '\\%').replaceAll('_', '\\_');
  return `LIKE ${quoted(escaped.replaceAll('*', '%'))}`;
}

function byService({ state, services }: DayTarget, valueOf: (state: DayState) => string): string {
  const own = Object.entries(services).map(([service, value]) => `service = ${quoted(service)}, ${valueOf(value)}`);
  return own.length === 0 ? valueOf(state) : `multiIf(${own.join(', ')}, ${valueOf(state)})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
