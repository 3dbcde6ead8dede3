// Decision to last exposure with three instances: starts and rolls back the demo's change again and again under the
// demo's traffic. `node scripts/run.js bench/undo.ts [--replications N] [--rate R]`
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { demoPlan, type DemoSetting, openDemoSetting } from '@belay/cli';

const { values } = parseArgs({
  options: { replications: { type: 'string', default: '30' }, rate: { type: 'string', default: '200' } },
});
const replications = Number(values.replications);
const ratePerSecond = Number(values.rate);
const CONFIRM_MS = 15_000;
/** New-path requests that must have been served before the rollback, so that there is something to undo. */
const EXPOSED = 20;

interface Undo {
  /** Decision to the last confirmation, as the server measured it. */
  readonly confirmedMs: number;
  /** Decision to the last request that was still sent to the new path, as the users saw it; 0 when there was none. */
  readonly lastExposureMs: number;
  readonly exposuresAfterConfirmation: number;
}

const never = new AbortController().signal;
const setting = await openDemoSetting(
  { fault: 'none', ratePerSecond, seed: 1, port: 0, keepsFolder: false },
  {
    story: { tell: () => undefined, follow: () => undefined },
    world: worldOfBench(),
    onServer: () => undefined,
  },
);
const undos: Undo[] = [];
try {
  for (let turn = 0; turn < replications; turn++) {
    undos.push(await measureOne(setting));
    process.stdout.write(`${turn + 1}/${replications} ${JSON.stringify(undos.at(-1))}\n`);
  }
} finally {
  await setting.close();
}

const report = {
  name: 'undo',
  date: new Date().toISOString(),
  machine: { cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length, node: process.version },
  replications,
  instances: 3,
  ratePerSecond,
  goal: { p50Seconds: 0.5, p99Seconds: 2 },
  confirmed: percentiles(undos.map(({ confirmedMs }) => confirmedMs)),
  lastExposure: percentiles(undos.map(({ lastExposureMs }) => lastExposureMs)),
  exposuresAfterConfirmation: undos.reduce((sum, undo) => sum + undo.exposuresAfterConfirmation, 0),
  undos,
};
const folder = path.join(import.meta.dirname, 'results');
mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, 'undo.json'), `${JSON.stringify(report, null, 2)}\n`);
process.stdout.write(`${JSON.stringify({ ...report, undos: undefined }, null, 2)}\n`);

async function measureOne({ server: { api }, load }: DemoSetting): Promise<Undo> {
  const before = load.totals().newPath;
  const started = await api.call('rolloutCreate', {
    body: { ...demoPlan, stages: [{ to: '50%', soak: '10m' }, { to: '100%' }], start: true },
  });
  await until(() => load.totals().newPath >= before + EXPOSED);
  await api.call('rolloutRollback', { params: { id: started.id }, body: { reason: 'measuring the undo' } });
  let view = await api.call('rolloutGet', { params: { id: started.id } });
  await until(async () => {
    view = await api.call('rolloutGet', { params: { id: started.id } });
    return view.undo.ms !== null && view.undo.instancesConfirmed === view.undo.instances;
  });
  const decidedAt = view.endedAt ?? Number.NaN;
  const confirmedMs = view.undo.ms ?? Number.NaN;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const { lastSentAt } = await load.exposuresAfter(decidedAt);
  const { exposures } = await load.exposuresAfter(decidedAt + confirmedMs);
  const lastExposureMs = lastSentAt === null ? 0 : Math.max(0, lastSentAt - decidedAt);
  return { confirmedMs, lastExposureMs, exposuresAfterConfirmation: exposures };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + CONFIRM_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('the demo did not get there in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function percentiles(milliseconds: readonly number[]) {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    (sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN) / 1000;
  return { p50Seconds: at(0.5), p90Seconds: at(0.9), p99Seconds: at(0.99), maxSeconds: at(1) };
}

function worldOfBench() {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    stdinIsTty: false,
    environment: {},
    cwd: process.cwd(),
    home: os.homedir(),
    clock: { now: () => Date.now() },
    ask: async () => '',
    interrupted: never,
    tellParent: () => undefined,
  };
}
