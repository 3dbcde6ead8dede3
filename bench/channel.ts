// The channel's claims: nothing lost, doubled or out of order while the server is killed every second and connections are
// cut; deliveries a second; how fast clients are back; memory of a connection. `-- channel --quick` for a short run.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import type { LightlyReceived } from './channel/light-clients.ts';
import type { Received } from './channel/receiver.ts';
import type { ServerRequest } from './channel/server.ts';

const isQuick = process.argv.includes('--quick');
const size = isQuick
  ? { messages: 20_000, seconds: 3, connections: 1000 }
  : { messages: 1_000_000, seconds: 15, connections: 10_000 };
const folder = mkdtempSync(path.join(os.tmpdir(), 'belay-bench-channel-'));
const children = new Set<ChildProcess>();
const startedAt = performance.now();

try {
  const chaos = await measureChaos();
  console.log('chaos', chaos);
  const burst = await measureThroughput('server', 'receiver', 20);
  console.log('burst, official clients', burst);
  const burstLight = await measureThroughput('server', 'light-clients', 200);
  const bare = await measureThroughput('bare-server', 'light-clients', 200);
  console.log('burst, light clients', burstLight, 'bare ws', bare);
  const paced = await measurePaced();
  console.log('paced', paced);
  const idle = await measureConnections();
  console.log('connections', idle);
  const result = {
    at: new Date().toISOString(),
    machine: { cpu: os.cpus()[0]?.model, cores: os.cpus().length, node: process.version, load: os.loadavg() },
    size,
    seconds: Math.round((performance.now() - startedAt) / 1000),
    chaos,
    throughput: {
      official: burst,
      light: burstLight,
      bareWs: bare,
      ratioToBareWs: round(burstLight.perSecond / bare.perSecond),
      paced,
    },
    connections: idle,
  };
  const file = path.join(import.meta.dirname, 'results', isQuick ? 'channel-quick.json' : 'channel.json');
  if (!isQuick) writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);
  console.log(JSON.stringify(result, undefined, 2));
  const isSound = chaos.lost === 0 && chaos.doubled === 0 && chaos.unrecovered === 0 && chaos.isComplete;
  process.exitCode = isSound ? 0 : 1;
} finally {
  for (const child of children) await kill(child);
  rmSync(folder, { recursive: true, force: true });
}

async function start(program: string, parameters: readonly (string | number)[], isReady = true): Promise<ChildProcess> {
  const child = fork(path.join(import.meta.dirname, 'channel', `${program}.ts`), parameters.map(String), {
    execArgv: ['--conditions=@belay/source', '--expose-gc'],
  });
  children.add(child);
  if (isReady) await heard(child, 'ready');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** The next message of a kind. */
async function heard<Message>(child: ChildProcess, kind: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error(`the process ended before it said "${kind}"`));
    const onMessage = (message: { kind: string }): void => {
      if (message.kind !== kind) return;
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(message as Message);
    };
    child.on('message', onMessage);
    child.once('exit', onExit);
  });
}

function tell(child: ChildProcess, request: ServerRequest): void {
  child.send(request);
}

async function statusOf(
  child: ChildProcess,
): Promise<{ rss: number; cpu: NodeJS.CpuUsage; status?: Record<string, number> }> {
  const answer = heard<{ rss: number; cpu: NodeJS.CpuUsage; status?: Record<string, number> }>(child, 'status');
  tell(child, { kind: 'status' });
  return answer;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

/** Each connection is cut with a chance of 1 % every 20 ms, and the server is killed one second after it was up. */
async function measureChaos() {
  const [clients, channels, perSecond] = [4, 5, 6000];
  const port = await freePort();
  const database = path.join(folder, 'chaos.db');
  const startServer = async (): Promise<ChildProcess> => {
    const server = await start('server', [port, database]);
    tell(server, { kind: 'cut', chance: 0.01 });
    return server;
  };
  let server = await startServer();
  const receiver = await start('receiver', [port, clients, channels]);
  let received: Received | undefined;
  receiver.on('message', (message: Received) => {
    received = message;
  });
  const began = performance.now();
  const publisher = await start('publisher', [port, channels, size.messages, perSecond], false);
  let published: { published: number; offeredAgain: number } | undefined;
  publisher.on('message', (message: { published: number; offeredAgain: number }) => {
    published = message;
  });
  const expected = Math.floor(size.messages / channels);
  const isComplete = (): boolean => (received?.through.every((n) => n >= expected) ?? false) && published !== undefined;
  let kills = 0;
  let downMs = 0;
  // Twice the time that the messages need at their pace, for a machine that is busy with other things.
  const deadline = began + (size.messages / perSecond) * 2000 + 60_000;
  while (!isComplete() && performance.now() < deadline) {
    await delay(1000);
    const downFrom = performance.now();
    await kill(server);
    kills += 1;
    server = await startServer();
    downMs += performance.now() - downFrom;
  }
  const seconds = (performance.now() - began) / 1000;
  for (const child of [publisher, receiver, server]) await kill(child);
  if (received === undefined) throw new Error('the clients saw nothing');
  const { deliveries, lost, doubled, unrecovered, resumes, resumeMs } = received;
  return {
    messages: published?.published ?? 0,
    clients,
    channels,
    seconds: round(seconds),
    kills,
    downShare: round(downMs / 1000 / seconds),
    isComplete: isComplete(),
    deliveries,
    lost,
    doubled,
    unrecovered,
    resumes,
    resumeMsP50: round(resumeMs[0]),
    resumeMsP99: round(resumeMs[1]),
    offeredAgain: published?.offeredAgain ?? 0,
  };
}

/** As many messages as the clients can take: the next ones are published when they are nearly done with those before. */
async function measureThroughput(program: string, kind: 'receiver' | 'light-clients', clients: number) {
  const port = await freePort();
  const server = await start(program, [port, path.join(folder, `${program}-${kind}.db`)]);
  const receiver = await start(kind, [port, clients, kind === 'receiver' ? 1 : 'room-0']);
  const [ahead, step] = [1500, 100];
  let received: Received | LightlyReceived | undefined;
  let sent = 0;
  const push = (): void => {
    while (sent - (received?.through[0] ?? 0) < ahead) {
      tell(server, { kind: 'publish', channel: 'room-0', from: sent + 1, count: step });
      sent += step;
    }
  };
  receiver.on('message', (message: Received | LightlyReceived) => {
    received = message;
    push();
  });
  push();
  // Warm first.
  await delay(1000);
  const before = { ...received, ...(await statusOf(server)), at: performance.now() };
  const beforeDeliveries = received?.deliveries ?? 0;
  await delay(size.seconds * 1000);
  const seconds = (performance.now() - before.at) / 1000;
  const after = await statusOf(server);
  const deliveries = (received?.deliveries ?? 0) - beforeDeliveries;
  for (const child of [receiver, server]) await kill(child);
  return {
    clients,
    perSecond: Math.round(deliveries / seconds),
    lost: received?.lost,
    serverCpuMicrosPerDelivery: round((cpu(after.cpu) - cpu(before.cpu)) / deliveries),
    serverCores: round((cpu(after.cpu) - cpu(before.cpu)) / 1e6 / seconds),
  };
}

/** 200 messages a second, each published and stored by itself, to 200 clients: 40 000 deliveries a second, and how late. */
async function measurePaced() {
  const [clients, perSecond] = [200, 200];
  const port = await freePort();
  const server = await start('server', [port, path.join(folder, 'paced.db')]);
  const receiver = await start('receiver', [port, clients, 1]);
  let received: Received | undefined;
  receiver.on('message', (message: Received) => {
    received = message;
  });
  const before = await statusOf(server);
  const began = performance.now();
  let sent = 0;
  while (performance.now() - began < size.seconds * 1000) {
    const due = Math.floor(((performance.now() - began) / 1000) * perSecond);
    for (; sent < due; sent += 1) tell(server, { kind: 'publish', channel: 'room-0', from: sent + 1, count: 1 });
    await delay(2);
  }
  const giveUp = performance.now() + 10_000;
  while ((received?.through[0] ?? 0) < sent && performance.now() < giveUp) await delay(10);
  const seconds = (performance.now() - began) / 1000;
  const after = await statusOf(server);
  for (const child of [receiver, server]) await kill(child);
  return {
    clients,
    offeredPerSecond: clients * perSecond,
    perSecond: Math.round((received?.deliveries ?? 0) / seconds),
    lost: received?.lost,
    latencyMsP50: received?.latencyMs[0],
    latencyMsP99: received?.latencyMs[1],
    serverCores: round((cpu(after.cpu) - cpu(before.cpu)) / 1e6 / seconds),
    clientCores: round(cpu(received?.cpu ?? { user: 0, system: 0 }) / 1e6 / seconds),
  };
}

async function measureConnections() {
  const port = await freePort();
  const server = await start('server', [port, path.join(folder, 'idle.db')]);
  const empty = (await statusOf(server)).rss;
  const clients = await start('light-clients', [port, size.connections, 'room-0']);
  await delay(1000);
  const full = (await statusOf(server)).rss;
  const published = heard(server, 'published');
  tell(server, { kind: 'publish', channel: 'room-0', from: 1, count: 300 });
  await published;
  await delay(3000);
  const resume = async (atOnce: number): Promise<object> => {
    const resumed = heard<{ p50: number; p99: number; longest: number }>(clients, 'resumed');
    clients.send({ kind: 'resume', missed: 300, atOnce });
    const { p50, p99, longest } = await resumed;
    return { atOnce, missed: 300, msP50: round(p50), msP99: round(p99), msLongest: round(longest) };
  };
  const resumes = [await resume(20), await resume(200)];
  const afterResume = (await statusOf(server)).rss;
  for (const child of [clients, server]) await kill(child);
  return {
    connections: size.connections,
    emptyMiB: mebibytes(empty),
    fullMiB: mebibytes(full),
    kibPerConnection: round((full - empty) / 1024 / size.connections),
    afterResumeMiB: mebibytes(afterResume),
    resumes,
  };
}

function cpu({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1_048_576);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
