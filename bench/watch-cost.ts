import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startTestbed } from '../packages/sdk/src/belay-testbed.ts';
import { publish, quantile, readArguments } from './statistics/report.ts';

/**
 * What watching costs the watched service, as a share of one core, at a steady 100 requests per second: nothing; a
 * guarded flag read and every request counted; one log line a request into a file; the same line also sent; all of it.
 * The services take turns (--replications rounds of five seconds each); figures are medians.
 */
const ways = ['bare', 'flags and outcomes', 'logs in files', 'logs sent', 'all'] as const;
const requestsPerSecond = 100;
const secondsPerRound = 5;

interface Service {
  readonly way: string;
  readonly child: ChildProcess;
  readonly port: number;
  readonly agent: Agent;
  readonly shares: number[];
}

execFileSync(process.execPath, [path.join(import.meta.dirname, '../scripts/build-sdk.js')], { stdio: 'inherit' });
const { replications, seed } = readArguments({ replications: 7, seed: 1 });
const sink = await startTestbed();
sink.publish(1, [{ rolloutId: 'bench', share: 500_000 }]);
const renewals = setInterval(() => sink.sendEvent('lease', { revision: 1, leases: ['bench'] }), 2000);
const services: Service[] = [];
for (const way of ways) services.push(await start(way));
for (const service of services) await load(service, 3000, 0);
for (let round = 0; round < replications; round += 1) {
  for (let turn = 0; turn < services.length; turn += 1) {
    const service = services[(turn + round) % services.length];
    if (service !== undefined) await runRound(service);
  }
}
const bare = quantile(services[0]?.shares ?? [], 0.5);
publish({
  name: 'watch-cost',
  seed,
  replications,
  rows: services.map(({ way, shares }) => ({
    way,
    requestsPerSecond,
    corePercent: 100 * quantile(shares, 0.5),
    addedCorePercent: 100 * (quantile(shares, 0.5) - bare),
    addedUsPerRequest: (1e6 * (quantile(shares, 0.5) - bare)) / requestsPerSecond,
  })),
});
clearInterval(renewals);
for (const { child, agent } of services) {
  agent.destroy();
  child.disconnect();
  await once(child, 'exit');
}
await sink.close();
process.exit(0);

async function start(way: string): Promise<Service> {
  const child = fork(path.join(import.meta.dirname, 'watch-cost/app.ts'), [way, sink.url], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const [{ port }] = await once(child, 'message');
  return { way, child, port, agent: new Agent({ keepAlive: true, maxSockets: 8 }), shares: [] };
}

async function runRound(service: Service): Promise<void> {
  const startedAt = performance.now();
  const before = await cpuOf(service);
  await load(service, requestsPerSecond * secondsPerRound, 1000 / requestsPerSecond);
  const after = await cpuOf(service);
  service.shares.push((after - before) / (performance.now() - startedAt));
}

async function cpuOf({ child }: Service): Promise<number> {
  const answer = once(child, 'message');
  child.send('usage');
  const [{ cpuMs }] = await answer;
  return cpuMs;
}

/** Requests at even distances; as fast as they go with a distance of 0. */
async function load(service: Service, count: number, everyMs: number): Promise<void> {
  const startedAt = performance.now();
  const open: Promise<void>[] = [];
  for (let i = 0; i < count; i += 1) {
    const wait = startedAt + i * everyMs - performance.now();
    if (wait > 1) await delay(wait);
    open.push(call(service, `/items/${i % 1000}`));
    if (open.length >= 8) await open.shift();
  }
  await Promise.all(open);
}

function call({ port, agent }: Service, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, agent, path: url }, (response) => {
      response.resume();
      response.on('end', resolve);
    });
    sent.on('error', reject);
    sent.end();
  });
}
