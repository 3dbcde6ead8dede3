import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

/** One line of a table: figures are rounded when written. */
export type Row = Readonly<Record<string, string | number>>;

/** How a simulator was called. */
export interface BenchArguments {
  readonly seed: number;
  readonly replications: number;
}

/** What a simulator measured. */
export interface Report extends BenchArguments {
  readonly name: string;
  readonly rows: readonly Row[];
}

/** Reads `--replications` and `--seed`. */
export function readArguments(defaults: BenchArguments): BenchArguments {
  const { values } = parseArgs({ options: { replications: { type: 'string' }, seed: { type: 'string' } } });
  const replications = Number(values.replications ?? defaults.replications);
  const seed = Number(values.seed ?? defaults.seed);
  if (!Number.isInteger(replications) || replications < 1 || !Number.isInteger(seed)) {
    process.stderr.write('usage: [--replications <whole number above 0>] [--seed <whole number>]\n');
    process.exit(2);
  }
  return { replications, seed };
}

/** Prints the rows as a table and writes them with date and machine under `bench/results`. */
export function publish({ name, rows, seed, replications }: Report): void {
  const rounded = rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, round(value)])));
  console.table(rounded);
  const folder = path.join(import.meta.dirname, '..', 'results');
  mkdirSync(folder, { recursive: true });
  const machine = { cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length, node: process.version };
  const document = { name, date: new Date().toISOString(), machine, seed, replications, rows: rounded };
  writeFileSync(path.join(folder, `${name}.json`), `${JSON.stringify(document, null, 2)}\n`);
}

function round(value: string | number): string | number {
  return typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(4)) : String(value);
}

/** Mean of a list; NaN when empty. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Quantile by rank of a list; NaN when empty. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}
