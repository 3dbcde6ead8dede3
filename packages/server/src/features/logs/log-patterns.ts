import { type LogTemplate, mergeTemplates } from '@belay/core/logs';
import type { LevelCounts, LogFilter, LogPattern, LogPatterns } from '@belay/protocol';
import type { TimeRange } from '../../platform/http/time-range.ts';
import { createSqlParameters, type TelemetryReader, timeBounds } from '../telemetry/api.ts';
import { logQuestion } from './log-question.ts';
import { addToLevel, noLevels } from './log-row.ts';

interface PatternsQuestion {
  readonly filter: LogFilter;
  readonly range: TimeRange;
  readonly limit: number;
}

interface MaskedRow {
  readonly id: string;
  readonly now: number;
  readonly before: number;
  /** Lines now, by number of the level. */
  readonly levels: readonly (readonly [number, number])[];
  readonly services: readonly string[];
  readonly first_at: number;
  readonly last_at: number;
}

/** Masked texts that are merged; rarer ones are counted but not shown. */
const MOST_MASKED = 5000;
/** Members that a query names; the language takes as many. */
const MOST_MEMBERS = 64;
const SAMPLE_CHARACTERS = 512;
/** More or fewer means: by half at least, and by more than chance does (4 standard deviations of a Poisson count). */
const FACTOR = 1.5;
const DEVIATIONS = 4;

/** What the lines of a range have in common, against the time of the same length before. */
export async function logPatterns(reader: TelemetryReader, asked: PatternsQuestion): Promise<LogPatterns> {
  const masked = await maskedRows(reader, asked);
  const samples = await samplesOf(reader, asked, masked);
  const byId = new Map(masked.map((row) => [row.id, row]));
  const templates = mergeTemplates(
    masked.map(({ id, now, before }) => ({ key: id, sample: samples.get(id) ?? '', count: now + before })),
  );
  const total = masked.reduce((sum, { now }) => sum + now, 0);
  const patterns = templates
    .map((template) => patternOf(template, byId, total))
    .toSorted((a, b) => b.count - a.count || b.trend.before - a.trend.before);
  const rest = patterns.slice(asked.limit);
  return {
    items: patterns.slice(0, asked.limit),
    total,
    rest: { patterns: rest.length, count: rest.reduce((sum, { count }) => sum + count, 0) },
    sampled: 1,
  };
}

async function maskedRows(reader: TelemetryReader, { filter, range }: PatternsQuestion): Promise<MaskedRow[]> {
  const { condition, parameters } = logQuestion(filter);
  const long = beforeToo(range);
  const bounds = timeBounds(parameters, long);
  const from = parameters.add(String(range.fromMs), 'Int64');
  return reader.rows<MaskedRow>(
    `SELECT leftPad(lower(hex(pattern)), 16, '0') AS id, sumIf(n, is_now) AS now, sumIf(n, NOT is_now) AS before,
       arrayFilter(l -> l.2 > 0, groupArray((level, if(is_now, n, 0)))) AS levels,
       arraySlice(arraySort(arrayDistinct(arrayFlatten(groupArray(services)))), 1, 8) AS services,
       if(now > 0, minIf(first_at, is_now), min(first_at)) AS first_at,
       if(now > 0, maxIf(last_at, is_now), max(last_at)) AS last_at
     FROM (SELECT pattern, intDiv(severity + 3, 4) AS level, toUnixTimestamp64Milli(ts) >= ${from} AS is_now,
         sum(weight) AS n, groupUniqArray(8)(toString(service)) AS services,
         toUnixTimestamp64Milli(min(ts)) AS first_at, toUnixTimestamp64Milli(max(ts)) AS last_at
       FROM logs WHERE ${bounds} AND ${condition} GROUP BY pattern, level, is_now)
     GROUP BY pattern ORDER BY now + before DESC, id LIMIT ${MOST_MASKED}`,
    { name: 'logs.patterns', parameters: parameters.values },
  );
}

/** One line of each masked text. The index on patterns keeps the search for rare ones short. */
async function samplesOf(
  reader: TelemetryReader,
  { range }: PatternsQuestion,
  masked: readonly MaskedRow[],
): Promise<ReadonlyMap<string, string>> {
  const samples = new Map<string, string>();
  // Frequent ones are found in any part of the range; what is left then is rare.
  for (const isPart of [true, false]) {
    const missing = masked.filter(({ id }) => !samples.has(id));
    if (missing.length === 0) break;
    const times = missing.map(({ last_at }) => last_at);
    const parameters = createSqlParameters();
    const bounds = isPart
      ? timeBounds(parameters, lastPart(range))
      : timeBounds(parameters, {
          fromMs: Math.min(...missing.map(({ first_at }) => first_at)),
          toMs: Math.max(...times) + 1,
        });
    const ids = missing.map(({ id }) => String(BigInt(`0x${id}`)));
    const rows = await reader.rows<{ id: string; sample: string }>(
      `SELECT leftPad(lower(hex(pattern)), 16, '0') AS id, any(substringUTF8(body, 1, ${SAMPLE_CHARACTERS})) AS sample FROM logs
       WHERE ${bounds} AND pattern IN (arrayMap(id -> toUInt64(id), ${parameters.add(ids, 'Array(String)')})) GROUP BY pattern`,
      { name: 'logs.patterns', parameters: parameters.values },
    );
    for (const { id, sample } of rows) samples.set(id, sample);
  }
  return samples;
}

function lastPart({ fromMs, toMs }: TimeRange): TimeRange {
  return { fromMs: Math.max(fromMs, toMs - Math.max(60_000, Math.ceil((toMs - fromMs) / 50))), toMs };
}

function beforeToo({ fromMs, toMs }: TimeRange): TimeRange {
  return { fromMs: Math.max(0, fromMs - (toMs - fromMs)), toMs };
}

function patternOf(template: LogTemplate, byId: ReadonlyMap<string, MaskedRow>, total: number): LogPattern {
  const members = template.keys.flatMap((key) => byId.get(key) ?? []);
  const sum = (value: (row: MaskedRow) => number): number => members.reduce((all, row) => all + value(row), 0);
  const levels: LevelCounts = noLevels();
  for (const member of members) for (const [level, count] of member.levels) addToLevel(levels, level, count);
  const count = sum(({ now }) => now);
  const before = sum((row) => row.before);
  const shown = members.some(({ now }) => now > 0) ? members.filter(({ now }) => now > 0) : members;
  return {
    id: template.keys[0] ?? '',
    template: template.words.join(' '),
    query: `pattern:${template.keys.slice(0, MOST_MEMBERS).join(',')}`,
    count,
    share: total === 0 ? 0 : Math.min(1, count / total),
    levels,
    services: [...new Set(members.flatMap(({ services }) => services))].toSorted(),
    firstAt: Math.min(...shown.map(({ first_at }) => first_at)),
    lastAt: Math.max(...shown.map(({ last_at }) => last_at)),
    sample: template.sample,
    trend: { kind: trendOf(count, before), before },
  };
}

function trendOf(now: number, before: number): LogPattern['trend']['kind'] {
  if (before === 0) return 'new';
  if (now === 0) return 'gone';
  const isBeyondChance = Math.abs(now - before) > DEVIATIONS * Math.sqrt(now + before);
  if (isBeyondChance && now > before * FACTOR) return 'more';
  if (isBeyondChance && before > now * FACTOR) return 'less';
  return 'same';
}
