// All nine faults of the demo, one after another, as a user would run them without a terminal.
// `node scripts/run.js bench/demo-faults.ts [--seed N] [--rate R] [--only errors,crash]`
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { demoFaults, type DemoFaultName, type DemoResult, endedWell } from '@belay/cli';

interface Row {
  readonly fault: DemoFaultName;
  readonly isWell: boolean;
  readonly complaints: readonly string[];
  readonly wallSeconds: number;
  readonly result: DemoResult;
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    rate: { type: 'string', default: '200' },
    only: { type: 'string' },
  },
});
const root = path.resolve(import.meta.dirname, '..');
const all = Object.keys(demoFaults).filter(isFault);
const wanted = values.only === undefined ? all : all.filter((fault) => values.only?.split(',').includes(fault));
const rows: Row[] = [];
for (const fault of wanted) {
  const row = await play(fault);
  rows.push(row);
  save(row);
  const { outcome, guard, share, secondsToVerdict, undoSeconds, waldRatio } = row.result;
  process.stdout.write(
    `${row.isWell ? 'ok ' : 'BAD'} ${fault.padEnd(13)} ${outcome.padEnd(12)} ${String(guard).padEnd(14)} at ${share} after ` +
      `${secondsToVerdict} s, undo ${undoSeconds} s, ${waldRatio} x Wald ${row.complaints.join('; ')}\n`,
  );
}
process.exitCode = rows.every(({ isWell }) => isWell) ? 0 : 1;

async function play(fault: DemoFaultName): Promise<Row> {
  const startedAt = Date.now();
  const inputs = ['demo', '--exit', '--json', '--port', '0', '--fault', fault];
  const result = await readDocument([...inputs, '--seed', values.seed, '--rate', values.rate]);
  const complaints = complaintsOf(fault, result);
  return { fault, isWell: complaints.length === 0, complaints, wallSeconds: (Date.now() - startedAt) / 1000, result };
}

function complaintsOf(fault: DemoFaultName, result: DemoResult): readonly string[] {
  const complaints: string[] = [];
  if (!endedWell(fault, result.outcome)) complaints.push(`ended ${result.outcome}`);
  if (!result.replayAgrees) complaints.push('replay differs');
  if (result.appFailuresCausedByBelay !== 0) complaints.push(`${result.appFailuresCausedByBelay} failures by Belay`);
  if ((result.exposuresAfterUndo ?? 0) !== 0) complaints.push(`${result.exposuresAfterUndo} exposures after the undo`);
  if (result.outcome === 'kept' && result.share !== 1) complaints.push(`kept at ${result.share}`);
  if (result.outcome === 'rolled-back' && result.instancesConfirmed !== result.instances) {
    complaints.push(`${result.instancesConfirmed} of ${result.instances} instances confirmed`);
  }
  return complaints;
}

function readDocument(inputs: readonly string[]): Promise<DemoResult> {
  const child = spawn(process.execPath, [path.join(root, 'packages/cli/bin/belay.js'), ...inputs], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (part: Buffer) => (text += part.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      const document: unknown = JSON.parse(text);
      if (isResult(document)) resolve(document);
      else reject(new Error(`the demo printed ${text}`));
    });
  });
}

function isResult(value: unknown): value is DemoResult {
  return typeof value === 'object' && value !== null && 'outcome' in value && 'replayAgrees' in value;
}

function isFault(name: string): name is DemoFaultName {
  return Object.hasOwn(demoFaults, name);
}

/** Each fault keeps its newest run, with its own date: they can be run one at a time. */
function save(row: Row): void {
  const folder = path.join(import.meta.dirname, 'results');
  const file = path.join(folder, 'demo-faults.json');
  const machine = { cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length, node: process.version };
  const run = { date: new Date().toISOString(), seed: Number(values.seed), ratePerSecond: Number(values.rate), ...row };
  const others = readRows(file).filter(({ fault }) => fault !== row.fault);
  const newest = [...others, run].toSorted((a, b) => all.indexOf(a.fault) - all.indexOf(b.fault));
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ name: 'demo-faults', machine, rows: newest }, null, 2)}\n`);
}

function readRows(file: string): readonly { readonly fault: DemoFaultName }[] {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).rows : [];
}
