// A service landscape that lives for a year: a week has quiet days, a day has a quiet night, and it grows.
import { generatedLogs, generatedSpans } from '../../packages/server/src/features/telemetry/testing.ts';

export const DAY = 86_400;
const SCRAPE_SECONDS = 15;
const SCRAPES = DAY / SCRAPE_SECONDS;
const COUNTERS = 8;
const GAUGES = 4;
const HISTOGRAMS = 2;
const RESTART_DAYS = 9;

export interface DayOfTraffic {
  /** Unix second at which the day begins. */
  readonly from: number;
  readonly index: number;
  /** Of a usual weekday in the first month. */
  readonly spans: number;
  readonly logs: number;
}

/** Statements that insert a day; always the same for the same day. */
export function trafficOf(day: DayOfTraffic): string[] {
  const { from, index } = day;
  const weekday = new Date(from * 1000).getUTCDay();
  const share = (weekday === 0 || weekday === 6 ? 0.55 : 1) * (1 + (0.6 * index) / 365) * (0.9 + 0.2 * noise(index));
  const rows = { from, seconds: DAY, seed: index + 1, lateShare: 0.01, profile: 'daily' } as const;
  return [
    generatedSpans({ ...rows, rows: Math.round(day.spans * share) }),
    generatedLogs({ ...rows, rows: Math.round(day.logs * share) }),
    points({ from, index, count: COUNTERS, metric: 'requests_total', first: 1 }),
    points({ from, index, count: GAUGES, metric: 'memory_bytes', first: 1001 }),
    histograms(from, index),
    outcomes(from, index),
  ];
}

/** The series that the points belong to. */
export function seriesOfTraffic(from: number): string {
  const rows = [
    [COUNTERS, 'requests_total', 'sum', 2, 1],
    [GAUGES, 'memory_bytes', 'gauge', 0, 1001],
    [HISTOGRAMS, 'request_duration', 'histogram', 2, 2001],
  ].map(
    ([count, metric, kind, temporality, first]) =>
      `SELECT ${first} + number AS fp, '${metric}' AS metric, '${metric}' AS prom, '${kind}' AS kind, ${temporality} AS temporality, 1 AS monotonic, 'otlp' AS source,
        'shop' AS service, map('series', toString(number)) AS labels, toDateTime(${from}) AS first_seen, toDateTime(${from + 365 * DAY}) AS last_seen FROM numbers(${count})`,
  );
  return `INSERT INTO series (fp, metric, prom, kind, temporality, monotonic, source, service, labels, first_seen, last_seen) ${rows.join(' UNION ALL ')}`;
}

function noise(index: number): number {
  const x = Math.sin(index * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
}

interface PointsOfDay {
  readonly from: number;
  readonly index: number;
  readonly count: number;
  readonly metric: string;
  readonly first: number;
}

/** Counters grow and begin anew now and then; gauges swing with the day. */
function points({ from, index, count, metric, first }: PointsOfDay): string {
  const sinceRestart = `((${index * SCRAPES} + scrape) % ${RESTART_DAYS * SCRAPES})`;
  const value = metric.endsWith('_total')
    ? `10 * ${sinceRestart} * (1 + s % 7) + sipHash64(s, scrape) % 10`
    : `2e8 + 5e7 * sin(6.28 * scrape / ${SCRAPES}) + sipHash64(s, scrape) % 1000000`;
  return `INSERT INTO m_num (_in, _req, metric, fp, ts, value)
    SELECT toDateTime(${from} + scrape * ${SCRAPE_SECONDS} + 8, 'UTC'), intDiv(number, 500), '${metric}', ${first} + s,
      toDateTime64(${from} + scrape * ${SCRAPE_SECONDS} + 7, 3, 'UTC'), ${value}
    FROM (SELECT number, number % ${count} AS s, intDiv(number, ${count}) AS scrape FROM numbers(${count * SCRAPES}))`;
}

function histograms(from: number, index: number): string {
  const bounds = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000];
  const scrape = `((${index * SCRAPES} + scrape) % ${RESTART_DAYS * SCRAPES})`;
  const counts = `arrayMap(b -> toFloat64(10 * ${scrape} * (1 + (s + b) % 5) + sipHash64(s, scrape, b) % 10), range(${bounds.length + 1}))`;
  return `INSERT INTO m_hist (_in, _req, metric, fp, ts, start_ts, count, sum, bounds, counts)
    SELECT toDateTime(${from} + scrape * ${SCRAPE_SECONDS} + 8, 'UTC'), intDiv(number, 500), 'request_duration', 2001 + s,
      toDateTime64(${from} + scrape * ${SCRAPE_SECONDS} + 7, 3, 'UTC'), toDateTime64(${from}, 3, 'UTC'), arraySum(counts), arraySum(counts) * 80, [${bounds.join(', ')}], ${counts} AS counts
    FROM (SELECT number, number % ${HISTOGRAMS} AS s, intDiv(number, ${HISTOGRAMS}) AS scrape FROM numbers(${HISTOGRAMS * SCRAPES}))`;
}

/** Units that an SDK counts, once a minute for each of three services. */
function outcomes(from: number, index: number): string {
  return `INSERT INTO outcomes (_in, _req, ts, service, instance, sdk, flag, variant, arm, side, grp, units, errors, hist)
    SELECT toDateTime(${from} + minute * 60 + 3, 'UTC'), number, toDateTime64(${from} + minute * 60, 3, 'UTC'), ['shop', 'search', 'cart'][1 + s], 'a', 'belay', '', '', '', '', -1,
      arraySum(mapValues(hist)) AS units, sipHash64(${index}, number) % 2 AS errors,
      CAST((arrayMap(i -> toInt16(60 + i), range(8)), arrayMap(i -> toUInt64(1 + sipHash64(${index}, number, i) % 5), range(8))), 'Map(Int16, UInt64)') AS hist
    FROM (SELECT number, number % 3 AS s, intDiv(number, 3) AS minute FROM numbers(${3 * 1440}))`;
}
