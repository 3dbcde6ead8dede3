import { createBackoff } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import type { LogSender } from '../log/otlp-log-record.ts';
import type { Transport } from '../transport.ts';

/** Sends metrics, the very same bytes again where an answer is missing; the oldest go where too many wait. */
export interface MetricsSender {
  send(metrics: readonly object[]): void;
  /** Sends what waits until nothing is left or `deadlineMs` is over. */
  close(deadlineMs: number): Promise<void>;
}

/** What a sender needs. */
export interface MetricsSenderParts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly sender: LogSender;
  readonly warn: (message: string) => void;
}

/** Five minutes of reports. */
const MOST_WAITING = 30;

/** A sender with nothing to send. */
export function createMetricsSender({ transport, clock, random, sender, warn }: MetricsSenderParts): MetricsSender {
  const backoff = createBackoff({ firstMs: 1000, longestMs: () => 30_000, random });
  const waiting: Buffer[] = [];
  let mayTryAt = -Infinity;
  let sending: Promise<void> | undefined;
  const sendAll = async (): Promise<void> => {
    for (let body = waiting[0]; body !== undefined; body = waiting[0]) {
      if (clock.monotonic() < mayTryAt) return;
      const answer = await transport.exchange({ ...POST, body });
      const status = 'failure' in answer ? 0 : answer.status;
      const isRefused = [400, 404, 413, 415, 422].includes(status);
      if (status < 200 || (status >= 300 && !isRefused)) {
        mayTryAt = clock.monotonic() + backoff.next();
        warn(
          `figures of the database wait to be sent: ${'failure' in answer ? answer.failure : `the server answered ${status}`}`,
        );
        continue;
      }
      if (isRefused) warn(`figures of the database were refused by the server (${status})`);
      backoff.reset();
      if (waiting[0] === body) waiting.shift();
    }
  };
  const run = (): Promise<void> => {
    sending ??= sendAll().finally(() => {
      sending = undefined;
    });
    return sending;
  };
  return {
    send(metrics) {
      waiting.push(Buffer.from(encode(metrics, sender)));
      if (waiting.length > MOST_WAITING) {
        waiting.shift();
        warn('figures of the database are dropped: too many wait to be sent');
      }
      void run();
    },
    async close(deadlineMs) {
      const timeUp = new Promise((resolve) => setTimeout(resolve, deadlineMs).unref());
      const last = async (): Promise<void> => {
        await sending;
        mayTryAt = -Infinity;
        await run();
      };
      await Promise.race([last(), timeUp]);
    },
  };
}

const POST = {
  method: 'POST',
  path: '/v1/metrics',
  headers: { 'content-type': 'application/json' },
  deadlineMs: 10_000,
  maximumBytes: 65_536,
} as const;

function encode(metrics: readonly object[], { service, instance, sdkVersion }: LogSender): string {
  const attributes = Object.entries({
    'service.name': service,
    'service.instance.id': instance,
    'telemetry.sdk.name': 'belay',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': sdkVersion,
  }).map(([key, value]) => ({ key, value: { stringValue: value } }));
  const scope = { name: '@belay/node/database', version: sdkVersion };
  return JSON.stringify({ resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ scope, metrics }] }] });
}
