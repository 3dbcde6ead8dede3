// Whether a server told to live in 512 MB does so: spans, logs and metrics at full rate, with the questions of the
// dashboard meanwhile, and some that cannot fit.
// node scripts/run.js bench/small-memory.ts [--quick] [--seconds 180] [--memory 512]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { createMemoryGroup } from './telemetry/memory-group.ts';
import { bodyOf, ITEMS, PATHS } from './telemetry/requests.ts';
import { send } from './telemetry/sending.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    memory: { type: 'string', default: '512' },
  },
});
const SECONDS = Number(values.seconds ?? (values.quick ? 20 : 180));
const MEMORY_MB = Number(values.memory);
const CLIENTS = 16;
const SIGNALS = ['spans', 'logs', 'points'] as const;
const MEBIBYTE = 2 ** 20;

/** What the dashboard asks, over all there is. */
const QUESTIONS: readonly (readonly [name: string, path: string])[] = [
  ['overview', '/api/v1/overview'],
  ['log search', '/api/v1/logs?q=order%20charged&limit=50'],
  ['log histogram', '/api/v1/logs/histogram'],
  ['log patterns', '/api/v1/logs/patterns'],
  ['log fields', '/api/v1/logs/fields'],
  ['traces', '/api/v1/traces?service=bench&limit=50'],
  ['slowest traces', '/api/v1/traces?service=bench&sort=slowest&limit=50'],
  ['service map', '/api/v1/service-map'],
  ['promql', '/prometheus/api/v1/query?query=sum%20by%20(route)%20(queue_depth)'],
];
/** More than fits, whatever is stored: it has to be refused, and everything else has to go on. */
const TOO_WIDE = `SELECT min(ts) AS time, length(groupArray(concat(body, toString(n)))) AS value
  FROM (SELECT ts, body, arrayJoin(range(5000)) AS n FROM logs WHERE ts >= {from:DateTime})`;

const cwd = mkdtempSync(path.join(os.tmpdir(), 'belay-small-'));
writeFileSync(path.join(cwd, 'belay.yaml'), `telemetry:\n  memory_mb: ${MEMORY_MB}\n`);
const entry = fileURLToPath(new URL('../test/integration/server-process.ts', import.meta.url));
const group = createMemoryGroup(`belay-small-${process.pid}`, MEMORY_MB * MEBIBYTE);
const command = [process.execPath, '--conditions=@belay/source', '--disable-warning=ExperimentalWarning', entry, cwd];
const [program = '', ...programArguments] = group?.inside(command) ?? command;
const child = spawn(program, programArguments, { stdio: ['ignore', 'pipe', 'inherit'] });
const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
const secret = readFileSync(path.join(cwd, '.belay/cli-token'), 'utf8').trim();
const headers = { authorization: `Bearer ${secret}` };
const state = { stopping: false, serial: 0 };
const acknowledged = { spans: 0, logs: 0, points: 0 };
const refused: Record<string, number> = {};
const answers: Record<string, { times: number[]; statuses: Record<string, number> }> = {};
const peak = { serverMb: 0, engineMb: 0, togetherMb: 0, anonymousMb: 0 };
const enginePids = new Set<number>();

const watch = setInterval(sample, 100);
const began = performance.now();
const work = [...Array.from({ length: CLIENTS }, sending), asking(), asking(), askingTooMuch()];
await delay(SECONDS * 1000);
state.stopping = true;
await Promise.all(work);
const seconds = (performance.now() - began) / 1000;
sample();
clearInterval(watch);
const alive = child.exitCode === null && child.signalCode === null;
const gone = once(child, 'exit');
child.kill('SIGTERM');
await gone;
const groupPeakMb = group === undefined ? null : Math.round(group.peakBytes() / MEBIBYTE);
await group?.close();
rmSync(cwd, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });

const rows = SIGNALS.reduce((sum, signal) => sum + acknowledged[signal] * ITEMS[signal], 0);
const holds = alive && enginePids.size === 1 && peak.anonymousMb <= MEMORY_MB;
const [cpu] = os.cpus();
const result = {
  date: new Date().toISOString(),
  machine: { cpu: cpu?.model, cores: os.cpus().length, node: process.version, loadAverage: os.loadavg() },
  note: 'Resident memory of the server and the engine process, every 100 ms. Where the machine allows it, both run in a control group with that hard limit, as in a container; what they have mapped of the engine file is dropped and read again when room is needed, which is why their resident sizes add up to more. "holds" means: neither process ended, and anonymous memory stayed below the limit.',
  memoryMb: MEMORY_MB,
  seconds: round(seconds),
  rowsStored: rows,
  rowsPerSecond: Math.round(rows / seconds),
  refused,
  peak,
  controlGroup: group === undefined ? null : { limitMb: MEMORY_MB, peakMb: groupPeakMb },
  engineProcesses: enginePids.size,
  holds,
  questions: Object.fromEntries(
    Object.entries(answers).map(([name, { times, statuses }]) => [
      name,
      { p50Ms: quantile(times, 0.5), p95Ms: quantile(times, 0.95), statuses },
    ]),
  ),
};
console.log(JSON.stringify(result, undefined, 2));
const file = values.quick ? './results/small-memory-quick.json' : './results/small-memory.json';
writeFileSync(new URL(file, import.meta.url), `${JSON.stringify(result, undefined, 2)}\n`);
process.exitCode = holds ? 0 : 1;

async function sending(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  while (!state.stopping) {
    const serial = (state.serial += 1);
    const signal = SIGNALS[serial % SIGNALS.length] ?? 'spans';
    const body = gzipSync(bodyOf(signal, serial), { level: 1 });
    for (;;) {
      const status = await send({ address: `${url}/v1/${PATHS[signal]}`, agent, body, headers });
      if (status === 200) break;
      refused[status] = (refused[status] ?? 0) + 1;
      if (status !== 503 && status !== 429) throw new Error(`answered ${status}`);
      await delay(200);
    }
    acknowledged[signal] += 1;
  }
  agent.destroy();
}

async function asking(): Promise<void> {
  for (let turn = 0; !state.stopping; turn += 1) {
    const [name, address] = QUESTIONS[turn % QUESTIONS.length] ?? ['', ''];
    await ask(name, new Request(url + address, { headers }));
    await delay(50);
  }
}

/** As a person would: SQL written for a signal. */
async function askingTooMuch(): Promise<void> {
  while (!state.stopping) {
    const body = JSON.stringify({
      kind: 'gauge',
      dimension: 'quality',
      unit: 'texts',
      from: { type: 'sql', query: TOO_WIDE },
    });
    const method = 'POST';
    const type = { 'content-type': 'application/json' };
    await ask(
      'too wide',
      new Request(`${url}/api/v1/signals/preview`, { method, body, headers: { ...headers, ...type } }),
    );
    await delay(1000);
  }
}

async function ask(name: string, question: Request): Promise<void> {
  const at = performance.now();
  const answer = await fetch(question);
  const text = await answer.text();
  const code = answer.ok ? '' : ` ${/"code":\s*"([^"]+)"/.exec(text)?.[1] ?? text.slice(0, 80)}`;
  note(name, at, `${answer.status}${code}`);
}

function note(name: string, at: number, status: string): void {
  const found = (answers[name] ??= { times: [], statuses: {} });
  found.times.push(performance.now() - at);
  found.statuses[status] = (found.statuses[status] ?? 0) + 1;
}

/** Reads the memory of the server and its engine. */
function sample(): void {
  const server = memoryOf(child.pid ?? 0);
  const pid = childOf(child.pid ?? 0);
  if (pid !== undefined) enginePids.add(pid);
  const engine = pid === undefined ? { rss: 0, anonymous: 0 } : memoryOf(pid);
  peak.serverMb = Math.max(peak.serverMb, Math.round(server.rss / MEBIBYTE));
  peak.engineMb = Math.max(peak.engineMb, Math.round(engine.rss / MEBIBYTE));
  peak.togetherMb = Math.max(peak.togetherMb, Math.round((server.rss + engine.rss) / MEBIBYTE));
  peak.anonymousMb = Math.max(peak.anonymousMb, Math.round((server.anonymous + engine.anonymous) / MEBIBYTE));
}

function memoryOf(pid: number): { readonly rss: number; readonly anonymous: number } {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0);
    return { rss: kilobytes('VmRSS') * 1024, anonymous: kilobytes('RssAnon') * 1024 };
  } catch {
    // It has ended, which the exit tells.
    return { rss: 0, anonymous: 0 };
  }
}

/** The engine is the one child of the server. */
function childOf(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const children = threads.flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
    );
    return children[0] === undefined ? undefined : Number(children[0]);
  } catch {
    return undefined;
  }
}

function quantile(times: readonly number[], q: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.floor(q * (sorted.length - 1))] ?? 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
