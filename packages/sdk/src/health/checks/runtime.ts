import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import tls from 'node:tls';
import v8 from 'node:v8';
import { fail, type HealthCheck, pass, warn } from '../types.ts';

const RESOLUTION_MS = 20;

/** Limits of the process itself. */
export interface RuntimeLimits {
  /** 99th percentile of the delay of the event loop since the run before; default 500 ms. */
  readonly maxLoopDelayMs?: number;
  /** Share of time that the event loop is busy; default 0.98. */
  readonly maxLoopBusy?: number;
  /** Heap at its limit within this time is a warning; default 24 h. */
  readonly oomWithinMs?: number;
}

/** Event loop and memory of this process. Measuring starts now; call `stop` of the result at the end. */
export function runtimeChecks(limits: RuntimeLimits = {}): { readonly checks: readonly HealthCheck[]; stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const checks = [
    loopDelayCheck(delay, limits.maxLoopDelayMs ?? 500),
    loopBusyCheck(limits.maxLoopBusy ?? 0.98),
    memoryCheck(limits.oomWithinMs ?? 86_400_000),
  ];
  return { checks, stop: () => delay.disable() };
}

function loopDelayCheck(delay: ReturnType<typeof monitorEventLoopDelay>, mostMs: number): HealthCheck {
  return {
    name: 'event-loop.delay',
    title: 'Event loop delay, 99th percentile',
    cheap: true,
    run() {
      // What is measured includes the distance of the samples.
      const p99 = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS);
      delay.reset();
      const text = `${Math.round(p99)} ms`;
      const mend = 'Something computes for long without a pause: profile it, or move it to a worker.';
      return p99 <= mostMs ? pass(text, p99, 'ms') : fail('loop-delay', text, mend);
    },
  };
}

function loopBusyCheck(most: number): HealthCheck {
  let before = performance.eventLoopUtilization();
  return {
    name: 'event-loop.busy',
    title: 'Event loop in use',
    cheap: true,
    run() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      const text = `${Math.round(100 * utilization)}%`;
      return utilization <= most ? pass(text, utilization) : warn('loop-busy', text, 'Add a process, or do less.');
    },
  };
}

function memoryCheck(withinMs: number): HealthCheck {
  const heap = createSlope();
  return {
    name: 'memory',
    title: 'Memory',
    cheap: true,
    run() {
      const { heapUsed, rss } = process.memoryUsage();
      const limit = v8.getHeapStatistics().heap_size_limit;
      const left = heap.until(limit, { at: performance.now(), value: heapUsed });
      const text = `${Math.round(heapUsed / 1e6)} of ${Math.round(limit / 1e6)} MB of heap, ${Math.round(rss / 1e6)} MB resident`;
      if (heapUsed > 0.95 * limit) return fail('heap-full', text, 'Look for what is kept; raise --max-old-space-size.');
      if (left === null || left > withinMs) return pass(text, heapUsed, 'By');
      const minutes = Math.max(1, Math.round(left / 60_000));
      return warn(
        'heap-grows',
        `${text}; full in ${minutes} minutes at this pace`,
        'Take a heap snapshot and look for what grows.',
      );
    },
  };
}

/** Straight line through the lowest values of the last hour, which garbage collection does not touch. */
export interface Slope {
  /** Adds a value; milliseconds until the line reaches `limit`, `null` where it does not rise for sure. */
  until(limit: number, sample: { readonly at: number; readonly value: number }): number | null;
}

/** A slope over at most 120 values; it says nothing before 20 minutes and 12 values. */
export function createSlope(): Slope {
  const samples: { readonly at: number; readonly value: number }[] = [];
  return {
    until(limit, sample) {
      samples.push(sample);
      if (samples.length > 120) samples.shift();
      const first = samples[0]?.at ?? sample.at;
      if (samples.length < 12 || sample.at - first < 1_200_000) return null;
      const third = Math.floor(samples.length / 3);
      const parts = [samples.slice(0, third), samples.slice(third, 2 * third), samples.slice(2 * third)];
      const lows = parts.map((part) => part.reduce((low, one) => (one.value < low.value ? one : low)));
      const [a, b, c] = lows;
      if (a === undefined || b === undefined || c === undefined || !(a.value < b.value && b.value < c.value))
        return null;
      const perMs = (c.value - a.value) / (c.at - a.at);
      // Less than a tenth in the time that is seen is breathing, not growth.
      return c.value - a.value < 0.1 * a.value ? null : (limit - c.value) / perMs;
    },
  };
}

/** Days until the certificate of a server ends. */
export function certificateCheck(host: string, port = 443, leastDays = 14): HealthCheck {
  return {
    name: `certificate.${host}`,
    title: `Certificate of ${host}`,
    run: (signal) =>
      new Promise((resolve, reject) => {
        // Whether it is trusted is not asked here: one that is self-signed ends, too.
        const socket = tls.connect({ host, port, servername: host, rejectUnauthorized: false });
        signal.addEventListener('abort', () => socket.destroy(), { once: true });
        socket.once('error', reject);
        socket.once('secureConnect', () => {
          const until = Date.parse(socket.getPeerCertificate().valid_to);
          socket.destroy();
          const days = Math.floor((until - Date.now()) / 86_400_000);
          const text = `ends in ${days} days`;
          if (days < 0) return resolve(fail('certificate-expired', `ended ${-days} days ago`, 'Renew it.'));
          resolve(days < leastDays ? fail('certificate-ends', text, 'Renew it.') : pass(text, days, 'd'));
        });
      }),
  };
}

/** Things that wait, such as jobs. */
export function queueCheck(name: string, depth: () => number | Promise<number>, most: number): HealthCheck {
  return {
    name: `queue.${name}`,
    title: `Queue ${name}`,
    cheap: true,
    async run() {
      const waiting = await depth();
      const text = `${waiting} wait`;
      return waiting <= most
        ? pass(text, waiting)
        : fail('queue-long', `${text}, more than ${most}`, 'Look whether workers run.');
    },
  };
}

/** How old the last restore point is that was proven; `lastAt` is Unix ms, `null` where there is none. */
export function restorePointCheck(
  lastAt: () => number | null | Promise<number | null>,
  maxAgeMs = 93_600_000,
): HealthCheck {
  return {
    name: 'restore-point',
    title: 'Last proven restore point',
    async run() {
      const at = await lastAt();
      if (at === null) return fail('never-proven', 'no backup was ever proven', 'Run: belay backup drill.');
      const hours = Math.round((Date.now() - at) / 3_600_000);
      const text = `${hours} hours old`;
      return Date.now() - at <= maxAgeMs
        ? pass(text, hours, 'h')
        : fail('restore-point-old', text, 'Run: belay backup drill.');
    },
  };
}
