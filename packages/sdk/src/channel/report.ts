import { createBackoff } from '../backoff.ts';
import { defaultInstance } from '../settings.ts';
import { createTransport } from '../transport.ts';
import { sdkVersion } from '../version.ts';
import type { ChannelServerOptions, ChannelStatus } from './types.ts';

const REPORT_MS = 10_000;
const GAUGES = ['connections', 'channels', 'subscriptions', 'waiting'] as const;
const SUMS = [
  'published',
  'duplicates',
  'delivered',
  'recovered',
  'unrecovered',
  'behind',
  'refused',
] as const satisfies readonly (keyof ChannelStatus)[];

/** Sends the counts of a channel server to Belay every ten seconds. Nothing waits for it, and it holds at most one request. */
export function startReport(
  options: ChannelServerOptions,
  read: () => ChannelStatus,
  warn: (message: string) => void,
): { readonly close: () => Promise<void> } | undefined {
  const target = targetOf(options, process.env);
  if (target === undefined) return undefined;
  const transport = createTransport({ url: target.url, key: target.key, sdkVersion });
  const backoff = createBackoff({ firstMs: REPORT_MS, longestMs: () => 120_000, random: Math.random });
  const startedAt = Date.now();
  let mayTryAt = 0;
  let sending: Promise<void> | undefined;
  const send = async (): Promise<void> => {
    const body = Buffer.from(encodeStatus(read(), { ...target, startedAt, now: Date.now() }));
    const answer = await transport.exchange({ ...post, body });
    const why = 'failure' in answer ? answer.failure : answer.status < 300 ? undefined : `it answered ${answer.status}`;
    if (why === undefined) return backoff.reset();
    // Sums go on, so the next report says all that this one would have.
    mayTryAt = performance.now() + backoff.next();
    warn(`counts of the channel are not sent to Belay: ${why}`);
  };
  const tick = (): void => {
    if (performance.now() < mayTryAt) return;
    sending ??= send().finally(() => {
      sending = undefined;
    });
  };
  const timer = setInterval(tick, REPORT_MS).unref();
  return {
    async close() {
      clearInterval(timer);
      const timeUp = new Promise((resolve) => setTimeout(resolve, 2000).unref());
      await Promise.race([sending ?? send(), timeUp]);
      transport.close();
    },
  };
}

const post = {
  method: 'POST',
  path: '/v1/metrics',
  headers: { 'content-type': 'application/json' },
  deadlineMs: 5000,
  maximumBytes: 65_536,
} as const;

interface Target {
  readonly url: URL;
  readonly key: string | undefined;
  readonly service: string;
}

function targetOf(
  { report, service }: ChannelServerOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Target | undefined {
  if (report === false) return undefined;
  const url = report?.url ?? environment['BELAY_URL'];
  if (url === undefined || url === '') return undefined;
  if (!URL.canParse(url))
    throw new TypeError(`report.url is "${url}"; give an address such as "http://127.0.0.1:4900".`);
  const name =
    service ?? environment['BELAY_SERVICE'] ?? environment['OTEL_SERVICE_NAME'] ?? environment['npm_package_name'];
  return {
    url: new URL(url),
    key: report?.key ?? environment['BELAY_KEY'],
    service: (name ?? 'unknown_service').slice(0, 128),
  };
}

/** An OTLP/HTTP JSON request with the counts as cumulative sums and gauges, named `belay.channel.*`. */
export function encodeStatus(
  status: ChannelStatus,
  frame: { readonly service: string; readonly startedAt: number; readonly now: number },
): string {
  const point = (value: number): object => ({
    startTimeUnixNano: `${frame.startedAt}000000`,
    timeUnixNano: `${frame.now}000000`,
    asInt: String(value),
  });
  const metrics = [
    ...GAUGES.map((name) => ({
      name: `belay.channel.${name}`,
      unit: '1',
      gauge: { dataPoints: [point(status[name])] },
    })),
    ...SUMS.map((name) => ({
      name: `belay.channel.${name}`,
      unit: '1',
      sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point(status[name])] },
    })),
  ];
  const attribute = (key: string, value: string): object => ({ key, value: { stringValue: value } });
  const attributes = [
    attribute('service.name', frame.service),
    attribute('service.instance.id', process.env['BELAY_INSTANCE'] ?? instance),
    attribute('telemetry.sdk.name', 'belay'),
    attribute('telemetry.sdk.language', 'nodejs'),
  ];
  const scope = { name: '@belay/node/channel', version: sdkVersion };
  return JSON.stringify({ resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ scope, metrics }] }] });
}

const instance = defaultInstance();
