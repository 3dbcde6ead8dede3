import { rollupFamilies, type RollupFamily } from './rollups/rollup-families.ts';
import { type Stretch, stretchesOf, type Tier } from './rollups/stretches.ts';
import { marksTable } from './tables/rollup-tables.ts';

export interface SumsQuestion {
  readonly family: RollupFamily['name'];
  /** Half-open, Unix ms, by the time that rows carry (outcomes: by arrival); widened to whole steps. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Buckets of the answer; multiples of a rollup's buckets are answered from it. */
  readonly stepSeconds: number;
}

/** Where the answer to a question lies: rows as they came in and rollups, each arrival once. */
export interface Sums {
  readonly stretches: readonly Stretch[];
  /**
   * A subquery in brackets with the columns of the family's rollups, `bucket` cut to steps. What only a longer bucket
   * still knows is spread evenly over its steps. `filter` is a condition on the family's keys, true for every row when
   * it is absent.
   */
  sql(filter?: string): string;
}

/** Asks the engine; rows as JSON. */
export type AskEngine = <Row>(query: string) => Promise<Row[]>;

const DAY = 86_400;
/** Senders' clocks may run ahead by this much; arrivals are looked for from the beginning of that day on. */
const AHEAD_SECONDS = 3600;
const LAST_SECOND = 2 ** 32 - 1;

/** Finds out which tables answer a question, as marks and stored days are at this moment. */
export async function findSums(ask: AskEngine, question: SumsQuestion): Promise<Sums> {
  const family = familyOf(question.family);
  const { stepSeconds } = question;
  // Whole steps, because buckets cannot be cut: the answer is the same before and after rows have gone.
  const fromSecond = Math.floor(question.fromMs / 1000 / stepSeconds) * stepSeconds;
  const toSecond = Math.ceil(question.toMs / 1000 / stepSeconds) * stepSeconds;
  const stretches = await findStretches(ask, { family: family.name, fromSecond, stepSeconds });
  return {
    stretches,
    sql: (filter = '1') => {
      const parts = stretches.map((stretch) => partOf(family, stretch, { fromSecond, toSecond, stepSeconds, filter }));
      return `(${parts.length === 0 ? nothing(family) : parts.join(' UNION ALL ')})`;
    },
  };
}

/** Which tables know what arrived when; a step of 0 asks for rows as they came in wherever they still are. */
export async function findStretches(
  ask: AskEngine,
  question: { readonly family: RollupFamily['name']; readonly fromSecond: number; readonly stepSeconds: number },
): Promise<Stretch[]> {
  const tiers = await tiersOf(ask, familyOf(question.family));
  const sinceSecond = Math.max(0, Math.floor((question.fromSecond - AHEAD_SECONDS) / DAY) * DAY);
  return stretchesOf({ tiers, stepSeconds: question.stepSeconds, sinceSecond });
}

function familyOf(name: RollupFamily['name']): RollupFamily {
  const family = rollupFamilies.find((candidate) => candidate.name === name);
  if (family === undefined) throw new RangeError(`there is no rollup family ${name}`);
  return family;
}

interface TierFact {
  readonly fact: 'through' | 'since';
  readonly name: string;
  readonly second: number;
}

async function tiersOf(ask: AskEngine, { tiers }: RollupFamily): Promise<Tier[]> {
  const raw = tiers[0]?.source ?? '';
  const names = [raw, ...tiers.map(({ table }) => table)].map((name) => `'${name}'`).join(', ');
  const facts = await ask<TierFact>(`
    SELECT 'through' AS fact, name, toUnixTimestamp(max(through)) AS second FROM ${marksTable.name} WHERE name IN (${names}) GROUP BY name
    UNION ALL SELECT 'since', table, toUnixTimestamp(toDateTime(concat(substring(min(partition_id), 1, 4), '-', substring(min(partition_id), 5, 2), '-',
      substring(min(partition_id), 7, 2), ' 00:00:00'), 'UTC')) FROM system.parts
    WHERE active AND database = currentDatabase() AND table IN (${names}) AND match(partition_id, '^[0-9]{8}$') GROUP BY table`);
  const secondOf = (fact: TierFact['fact'], table: string): number | undefined =>
    facts.find((row) => row.fact === fact && row.name === table)?.second;
  return [
    { table: raw, bucketSeconds: 0, through: Number.POSITIVE_INFINITY, since: secondOf('since', raw) },
    ...tiers.map(({ table, bucketSeconds }) => ({
      table,
      bucketSeconds,
      through: secondOf('through', table) ?? 0,
      since: secondOf('since', table),
    })),
  ];
}

interface Part {
  readonly fromSecond: number;
  readonly toSecond: number;
  readonly stepSeconds: number;
  readonly filter: string;
}

function partOf(family: RollupFamily, stretch: Stretch, part: Part): string {
  const { table, bucketSeconds } = stretch;
  const { fromSecond, toSecond, stepSeconds, filter } = part;
  if (bucketSeconds === 0) {
    const time = family.name === 'outcome' ? 'r._in' : 'ts';
    const where = `${arrivedIn(stretch)} AND ${time} >= ${at(fromSecond)} AND ${time} < ${at(toSecond)} AND (${filter})`;
    return columnsOf(family, family.fromRows({ source: table, bucketSeconds: stepSeconds, where }), 1);
  }
  const first = Math.floor(fromSecond / bucketSeconds) * bucketSeconds;
  const where = `${arrivedIn(stretch)} AND r.bucket >= ${at(first)} AND r.bucket < ${at(toSecond)} AND (${filter})`;
  if (bucketSeconds <= stepSeconds) {
    return columnsOf(family, family.fromRollup({ source: table, bucketSeconds: stepSeconds, where }), 1);
  }
  const spread = Math.ceil(bucketSeconds / stepSeconds);
  const whole = columnsOf(family, family.fromRollup({ source: table, bucketSeconds, where }), spread);
  const names = family.columns.filter((column) => column !== 'bucket');
  return `SELECT step AS bucket, ${names.join(', ')} FROM (
    SELECT toDateTime(arrayJoin(range(toUInt32(bucket), toUInt32(bucket) + ${bucketSeconds}, ${stepSeconds})), 'UTC') AS step, ${names.join(', ')}
    FROM (${whole})) WHERE step >= ${at(fromSecond)} AND step < ${at(toSecond)}`;
}

/** The columns of every part have the same types; what adds up is divided by the steps that it is spread over. */
function columnsOf(family: RollupFamily, select: string, spread: number): string {
  const columns = family.columns.map((column) => {
    if (column === 'hist') {
      const shared = `CAST((mapKeys(u.hist), arrayMap(v -> v / ${spread}, mapValues(u.hist))), 'Map(Int16, Float64)')`;
      return `${shared} AS hist`;
    }
    if (family.sums.includes(column)) return `toFloat64(u.${column}) / ${spread} AS ${column}`;
    if (family.listSums?.includes(column) === true) return `arrayMap(v -> v / ${spread}, u.${column}) AS ${column}`;
    return column === 'bucket' || !family.keys.includes(column)
      ? `u.${column} AS ${column}`
      : `${keyOf(column)} AS ${column}`;
  });
  return `SELECT ${columns.join(', ')} FROM (${select}) AS u`;
}

const NUMBER_KEYS = new Set(['kind', 'is_unit', 'is_error', 'severity', 'pattern', 'fp', 'bounds']);

function keyOf(column: string): string {
  return NUMBER_KEYS.has(column) ? `u.${column}` : `toString(u.${column})`;
}

function nothing(family: RollupFamily): string {
  const tier = family.tiers[0]?.table ?? '';
  return columnsOf(family, `SELECT ${family.columns.join(', ')} FROM ${tier} WHERE 0`, 1);
}

function arrivedIn({ fromSecond, toSecond }: Stretch): string {
  const end = toSecond > LAST_SECOND ? '' : ` AND _in < ${at(toSecond)}`;
  return `_in >= ${at(fromSecond)}${end}`;
}

function at(second: number): string {
  return `toDateTime(${Math.min(LAST_SECOND, Math.max(0, second))}, 'UTC')`;
}
