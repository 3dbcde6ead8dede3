import { Worker } from 'node:worker_threads';

/** Answers `/livez` for a process whose event loop may be stuck: nothing in the main thread can do that. */
export interface Watchdog {
  /** Whether the event loop has turned within the limit, as a thread of its own sees it. */
  isAlive(): boolean;
  close(): Promise<void>;
}

const TICK_MS = 250;

/** A thread that looks whether the main thread still counts; it serves `/livez` on a port of its own where one is given. */
const WORKER = `
const { workerData } = require('node:worker_threads');
const http = require('node:http');
const beats = new Int32Array(workerData.shared);
let seen = -1, since = Date.now();
setInterval(() => {
  const now = Atomics.load(beats, 0);
  if (now !== seen) { seen = now; since = Date.now(); Atomics.store(beats, 1, 0); return; }
  if (Date.now() - since > workerData.limitMs) Atomics.store(beats, 1, 1);
}, 250);
if (workerData.port !== null) http.createServer((request, response) => {
  const isStuck = Atomics.load(beats, 1) === 1;
  response.writeHead(isStuck ? 503 : 200, { 'content-type': 'application/health+json', 'cache-control': 'no-store' });
  response.end(JSON.stringify({ status: isStuck ? 'fail' : 'pass' }));
}).on('error', () => {}).listen(workerData.port, workerData.host);
`;

/** Where and when the watchdog bites. */
export interface WatchdogOptions {
  /** Without a turn of the event loop for so long it is stuck; default 10 s. */
  readonly limitMs?: number;
  /** Port on which the thread itself answers `/livez`, also while the main thread is stuck. */
  readonly port?: number;
  readonly host?: string;
}

/** Starts watching. Neither the thread nor its timers keep the process alive. */
export function startWatchdog({ limitMs = 10_000, port, host = '0.0.0.0' }: WatchdogOptions = {}): Watchdog {
  const shared = new SharedArrayBuffer(8);
  const beats = new Int32Array(shared);
  const worker = new Worker(WORKER, {
    eval: true,
    execArgv: [],
    workerData: { shared, limitMs, port: port ?? null, host },
  });
  worker.unref();
  // Without its thread nothing is known, and nothing is claimed to be wrong.
  worker.on('error', () => undefined);
  const timer = setInterval(() => Atomics.add(beats, 0, 1), TICK_MS).unref();
  return {
    isAlive: () => Atomics.load(beats, 1) === 0,
    async close() {
      clearInterval(timer);
      await worker.terminate();
    },
  };
}
