import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * A service with one JSON route that is watched in one way. Run with `<way> <sink url>`. It reports its port, then its
 * own CPU time whenever it is asked.
 */
const [way = '', sink = ''] = process.argv.slice(2);
const watch = await startWatching();
const server = createServer((request, response) => {
  watch(request.url ?? '/');
  response.setHeader('content-type', 'application/json').end('{"id":1}');
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1000 });
});
process.on('disconnect', () => process.exit(0));

/** What is done about a request in this way of watching. */
async function startWatching(): Promise<(url: string) => void> {
  if (way === 'bare') return () => undefined;
  if (way === 'flags and outcomes') return startFlags();
  const write = await startLogs(way === 'logs sent');
  if (way !== 'all') return write;
  const read = await startFlags();
  return (url) => {
    read(url);
    write(url);
  };
}

async function startFlags(): Promise<(url: string) => void> {
  const { belay } = await import('@belay/node');
  const flags = belay.start({ url: sink, key: 'bench', service: 'bench', snapshotFile: false });
  if (!(await flags.ready())) throw new TypeError('the benchmark has flags');
  return (url) => void flags.on('checkout.v2', { key: url });
}

async function startLogs(isSent: boolean): Promise<(url: string) => void> {
  const { openLogs } = await import('@belay/node/log');
  const directory = mkdtempSync(path.join(tmpdir(), 'belay-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const ship = isSent || way === 'all' ? { url: sink, key: 'bench' } : false;
  const logs = await openLogs({ directory, systems: ['web'], service: 'bench', ship });
  const logger = logs.system('web');
  return (url) => logger.info({ url, status: 200, ms: 12 }, 'request served');
}
