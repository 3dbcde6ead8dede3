// What retention saves and what it keeps: a generated year, aged as it goes, and what the demo has stored.
// node scripts/run.js bench/retention.ts [--quick] [--days 365] [--spans 30000] [--logs 15000] [--skip-demo] [--skip-year]
// [--demo-folder FOLDER --demo-seconds N]
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { measureDemo } from './retention/demo.ts';
import { measureYear } from './retention/year.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    days: { type: 'string' },
    spans: { type: 'string' },
    logs: { type: 'string' },
    'skip-demo': { type: 'boolean', default: false },
    'skip-year': { type: 'boolean', default: false },
    'demo-folder': { type: 'string' },
    'demo-seconds': { type: 'string', default: '0' },
  },
});
const year = {
  days: Number(values.days ?? (values.quick ? 40 : 365)),
  spansPerDay: Number(values.spans ?? (values.quick ? 6000 : 30_000)),
  logsPerDay: Number(values.logs ?? (values.quick ? 3000 : 15_000)),
};
const file = new URL(values.quick ? './results/retention-quick.json' : './results/retention.json', import.meta.url);
const known: object = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as object) : {};
const [cpu] = os.cpus();
const parts: { year?: object; demo?: object } = {};
if (!values['skip-year']) parts.year = print('A generated year', await measureYear(year));
if (!values['skip-demo']) parts.demo = print('The demo', await measureDemo(values.quick, keptDemo()));
const result = {
  ...known,
  date: new Date().toISOString(),
  machine: { cpu: cpu?.model, cores: os.cpus().length, node: process.version },
  note: 'Bytes on disk by table: what all days took when they had just come in, and what is left at the end, rollups included. Goals: 60% saved, no group with another count or sum, quantiles within 2% of the nearest rank of all rows.',
  ...parts,
};
writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);

/** What `belay demo --keep` has left, after so many seconds of load, instead of another run. */
function keptDemo(): { folder: string; seconds: number } | undefined {
  const folder = values['demo-folder'];
  return folder === undefined ? undefined : { folder, seconds: Number(values['demo-seconds']) };
}

interface Measured {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly saved: number;
  readonly tables: readonly object[];
  readonly sums: readonly { readonly wrong: number }[];
  readonly quantiles: readonly { readonly worstError: number }[];
}

function print<Part extends Measured>(title: string, part: Part): Part {
  console.log(`\n${title}`);
  console.table(part.tables);
  console.table(part.sums);
  console.table(part.quantiles);
  const worst = Math.max(...part.quantiles.map(({ worstError }) => worstError));
  const wrong = part.sums.reduce((sum, one) => sum + one.wrong, 0);
  console.log(
    `${(part.bytesBefore / 1e6).toFixed(1)} MB became ${(part.bytesAfter / 1e6).toFixed(1)} MB: ${(100 * part.saved).toFixed(1)}% saved; ` +
      `${wrong} groups differ; worst quantile ${(100 * worst).toFixed(2)}% off.`,
  );
  if (part.saved < 0.6 || wrong > 0 || worst > 0.02) process.exitCode = 1;
  return part;
}
