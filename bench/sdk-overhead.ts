import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import path from 'node:path';
import { startTestbed } from '../packages/sdk/src/belay-testbed.ts';
import { publish, quantile, readArguments } from './statistics/report.ts';

/**
 * CPU time per HTTP request of a service with one JSON route: bare, with Belay (a guarded flag is read in every request
 * and every request is counted), with OpenTelemetry's auto-instrumentation (traces to OTLP) and with Sentry (errors
 * only). Each service is a process of its own and reports its own CPU time, so the load and the receiving end, which
 * both live here, are not counted. All take turns within the same run; figures are medians of the rounds (--replications).
 */
const sdks = ['bare', 'belay', 'opentelemetry', 'sentry'] as const;
const frameworks = ['express', 'fastify'] as const;
const requestsPerRound = 3000;
const warmUpRequests = 6000;
const connections = 25;
const preloads: Partial<Record<string, readonly string[]>> = {
  opentelemetry: ['--require', '@opentelemetry/auto-instrumentations-node/register'],
  sentry: ['--import', path.join(import.meta.dirname, 'sdk-overhead/sentry.ts')],
};
type Sdk = (typeof sdks)[number];

interface Service {
  readonly sdk: Sdk;
  readonly framework: string;
  readonly child: ChildProcess;
  readonly port: number;
  readonly startCpuMs: number;
  readonly agent: Agent;
  readonly cpuUs: number[];
  rssMb: number;
}

// Belay is measured as it is published, not from its sources.
const build = path.join(import.meta.dirname, '../scripts/build-sdk.js');
execFileSync(process.execPath, [build], { stdio: 'inherit' });
const { replications: rounds, seed } = readArguments({ replications: 9, seed: 1 });
const sink = await startTestbed();
sink.publish(1, [{ rolloutId: 'bench', share: 500_000 }]);
const renewals = setInterval(() => sink.sendEvent('lease', { revision: 1, leases: ['bench'] }), 2000);
const rows: Record<string, string | number>[] = [];
for (const framework of frameworks) rows.push(...(await measure(framework)));
clearInterval(renewals);
await sink.close();
publish({ name: 'sdk-overhead', seed, replications: rounds, rows });
process.exit(0);

async function measure(framework: string): Promise<Record<string, string | number>[]> {
  const services: Service[] = [];
  for (const sdk of sdks) services.push(await start(sdk, framework));
  for (const service of services) await load(service, warmUpRequests);
  for (let round = 0; round < rounds; round += 1) {
    // Another one goes first each time, so that none always follows the same neighbour.
    for (let turn = 0; turn < services.length; turn += 1) {
      const service = services[(turn + round) % services.length];
      if (service !== undefined) await runRound(service);
    }
  }
  const measured = services.map(rowOf(services));
  for (const { child, agent } of services) {
    agent.destroy();
    child.disconnect();
    await once(child, 'exit');
  }
  check('/v1/metrics', 'Belay sent outcomes');
  check('/v1/traces', 'OpenTelemetry sent traces');
  return measured;
}

function rowOf(services: readonly Service[]): (service: Service) => Record<string, string | number> {
  const medianOf = (sdk: Sdk): number => quantile(services.find((other) => other.sdk === sdk)?.cpuUs ?? [], 0.5);
  const added = (sdk: Sdk): number => medianOf(sdk) - medianOf('bare');
  return ({ sdk, framework, cpuUs, startCpuMs, rssMb }) => ({
    framework,
    sdk,
    cpuUsPerRequest: medianOf(sdk),
    fastestUs: Math.min(...cpuUs),
    slowestUs: Math.max(...cpuUs),
    addedUs: added(sdk),
    shareOfSentry: added(sdk) / added('sentry'),
    shareOfOpenTelemetry: added(sdk) / added('opentelemetry'),
    startCpuMs,
    rssMb,
  });
}

async function start(sdk: Sdk, framework: string): Promise<Service> {
  const app = path.join(import.meta.dirname, 'sdk-overhead');
  const child = fork(path.join(app, 'app.ts'), [sdk, framework, sink.url], {
    execArgv: ['--disable-warning=ExperimentalWarning', ...(preloads[sdk] ?? [])],
    env: {
      ...process.env,
      SINK_URL: sink.url,
      OTEL_SERVICE_NAME: 'bench',
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    },
  });
  const [ready] = await once(child, 'message');
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return { sdk, framework, child, port: ready.port, startCpuMs: ready.startCpuMs, agent, cpuUs: [], rssMb: 0 };
}

async function runRound(service: Service): Promise<void> {
  const before = await usage(service);
  await load(service, requestsPerRound);
  const after = await usage(service);
  service.cpuUs.push(((after.cpuMs - before.cpuMs) * 1000) / requestsPerRound);
  service.rssMb = after.rssMb;
}

async function usage({ child }: Service): Promise<{ cpuMs: number; rssMb: number }> {
  const answer = once(child, 'message');
  child.send('usage');
  const [report] = await answer;
  return report;
}

async function load({ port, agent }: Service, count: number): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await call(port, agent, `user-${next % 1000}`);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
}

function call(port: number, agent: Agent, user: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, agent, path: '/items/1', headers: { 'x-user': user } },
      (response) => {
        if (response.statusCode !== 200) reject(new TypeError(`the service answered ${response.statusCode ?? 0}`));
        response.resume();
        response.on('end', resolve);
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

function check(prefix: string, claim: string): void {
  if (!sink.received.some((entry) => entry.path.startsWith(prefix))) throw new TypeError(`expected: ${claim}`);
}
