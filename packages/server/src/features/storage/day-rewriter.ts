import { BelayError, invariant } from '@belay/core';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import type { PlannedStep } from './ageing-plan.ts';
import { endOf } from './ageing-plan.ts';
import type { RetentionPolicy } from './retention-policy.ts';
import { isThinned } from './retention-policy.ts';
import {
  copySlice,
  countsOf,
  FACTORS,
  findFactors,
  findKept,
  findRescued,
  helperTables,
  inDay,
  KEPT,
  RESCUED,
  stays,
  type ThinningOptions,
} from './thinning-sql.ts';

const ROWS_PER_SLICE = 3_000_000;
const UPKEEP_SECONDS = 1800;

/** Rewrites days of arrival so that a crash at any moment leaves either the old day or the new one. */
export interface DayRewriter {
  /** Resolves with the rows that the day has now. */
  carryOut(step: PlannedStep, policy: RetentionPolicy): Promise<number>;
}

export interface DayRewriterOptions {
  readonly engine: TelemetryEngine;
  /** Puts rows of the same bucket together; returns the INSERT from a rollup's day into another table. */
  readonly compactInto: (table: string, into: string, from: number) => string;
}

export function createDayRewriter({ engine, compactInto }: DayRewriterOptions): DayRewriter {
  const sql = createUpkeepSql(engine);
  return {
    async carryOut(step, policy) {
      const { table, day } = step;
      if (step.action === 'thin') return thin(sql, step, policy);
      if (step.action === 'compact') return compact(sql, step, compactInto(table, stagingOf(table), startOf(day)));
      await sql.drop(table, day);
      return 0;
    },
  };
}

/** Statements that rewriting is made of. */
interface UpkeepSql {
  command(query: string): Promise<void>;
  select<Row>(query: string): Promise<Row[]>;
  /** Takes away what a rewrite works with, or has left behind. */
  clear(table: string): Promise<void>;
  count(source: string, where: string): Promise<number>;
  replace(table: string, day: string): Promise<void>;
  drop(table: string, day: string): Promise<void>;
}

function createUpkeepSql(engine: TelemetryEngine): UpkeepSql {
  const command = async (query: string): Promise<void> => {
    await engine.client.command({
      query,
      clickhouse_settings: { max_execution_time: UPKEEP_SECONDS, max_threads: 1 },
    });
  };
  const select = async <Row>(query: string): Promise<Row[]> => {
    const result = await engine.client.query({ query, format: 'JSONEachRow' });
    return result.json<Row>();
  };
  return {
    command,
    select,
    async clear(table) {
      for (const name of [stagingOf(table), KEPT, RESCUED, FACTORS]) await command(`DROP TABLE IF EXISTS ${name} SYNC`);
    },
    async count(source, where) {
      const [row] = await select<{ rows: number }>(`SELECT count() AS rows FROM ${source} WHERE ${where}`);
      return row?.rows ?? 0;
    },
    replace: (table, day) =>
      command(`ALTER TABLE ${table} REPLACE PARTITION ID '${partitionOf(day)}' FROM ${stagingOf(table)}`),
    drop: (table, day) => command(`ALTER TABLE ${table} DROP PARTITION ID '${partitionOf(day)}'`),
  };
}

async function thin(sql: UpkeepSql, step: PlannedStep, policy: RetentionPolicy): Promise<number> {
  const { table, day, target } = step;
  invariant(isThinned(table) && target !== undefined, `${table} is thinned to a target`);
  const options: ThinningOptions = { table, from: startOf(day), target, sampling: policy.sampling };
  const staging = stagingOf(table);
  await sql.clear(table);
  await sql.command(`CREATE TABLE ${staging} AS ${table}`);
  for (const query of helperTables()) await sql.command(query);
  for (const query of [findKept(options), findRescued(options), findFactors(options)]) await sql.command(query);
  const columns = await columnsOf(sql, table);
  const slices = Math.max(1, Math.ceil(step.rowsBefore / ROWS_PER_SLICE));
  for (let slice = 0; slice < slices; slice += 1) {
    await sql.command(copySlice(options, { into: staging, columns, slice, slices }));
  }
  const before = await sql.select(countsOf(table, table, `${inDay(options.from)} AND ${stays(target)}`));
  const after = await sql.select(countsOf(table, staging, '1'));
  requireSame(step, before, after);
  if ((await sql.count(staging, '1')) > 0) await sql.replace(table, day);
  else await sql.drop(table, day);
  await sql.clear(table);
  return sql.count(table, inDay(options.from));
}

async function compact(sql: UpkeepSql, { table, day }: PlannedStep, insert: string): Promise<number> {
  await sql.clear(table);
  await sql.command(`CREATE TABLE ${stagingOf(table)} AS ${table}`);
  await sql.command(insert);
  await sql.replace(table, day);
  await sql.clear(table);
  return sql.count(table, inDay(startOf(day)));
}

/** The engine's name of a day's partition. */
function partitionOf(day: string): string {
  return day.replaceAll('-', '');
}

function stagingOf(table: string): string {
  return `ageing_${table}`;
}

async function columnsOf(sql: UpkeepSql, table: string): Promise<string[]> {
  const rows = await sql.select<{ name: string }>(`SELECT name FROM system.columns
    WHERE database = currentDatabase() AND table = '${table}' AND default_kind NOT IN ('MATERIALIZED', 'ALIAS', 'EPHEMERAL')`);
  return rows.map(({ name }) => name);
}

/** The old day is given up only for one that counts the same. */
function requireSame(step: PlannedStep, before: readonly unknown[], after: readonly unknown[]): void {
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  throw new BelayError('telemetry.unavailable', `Thinning ${step.table} of ${step.day} would change its counts.`, {
    hint: 'The day stays as it is and is tried again; please report this.',
    details: { before: before.slice(0, 20), after: after.slice(0, 20) },
  });
}

/** Unix second at which a day begins. */
function startOf(day: string): number {
  return endOf(day) / 1000 - 86_400;
}
