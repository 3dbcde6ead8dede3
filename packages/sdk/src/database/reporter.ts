import { HISTOGRAM_SCALE, ZERO_BUCKET } from '@belay/core';
import { systemClock } from '../clock.ts';
import { createLogShipper, type LogShipper } from '../log/log-shipper.ts';
import { createMetricsSender, type MetricsSender } from './metrics-sender.ts';
import { defaultInstance } from '../settings.ts';
import { createTransport } from '../transport.ts';
import { sdkVersion } from '../version.ts';
import { createWarningLog } from '../warning-log.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { ReportOptions } from './report-options.ts';
import type { Operation } from './operation.ts';
import type { Finding } from './types.ts';
import type { UsualValues } from './usual-values.ts';

/** Sends figures and findings to Belay. Nothing it does can delay or fail the application. */
export interface Reporter {
  operation(operation: Operation): void;
  finding(finding: Finding): void;
  close(deadlineMs: number): Promise<void>;
}

/** What a reporter tells of. */
export interface ReporterParts {
  readonly report: boolean | ReportOptions | undefined;
  readonly name: string;
  readonly system: string;
  /** Seconds that statements took; drained with each report. */
  readonly usual: ReadonlyMap<Fingerprint | undefined, UsualValues>;
}

const EVERY_MS = 10_000;
const MOST_SERIES = 500;
const LEVELS = { info: 30, warn: 40, error: 50 } as const;

interface Counter {
  count: number;
  retries: number;
}

/** A reporter, or none where nothing is to be sent. An address that cannot be used is told once and sends nothing. */
export function openReporter(parts: ReporterParts): Reporter | undefined {
  const target = targetOf(parts.report);
  if (target === undefined) return undefined;
  const warnings = createWarningLog((message) => process.emitWarning(message, { type: 'BelayWarning' }));
  const environment = process.env;
  const service =
    target.service ??
    environment['BELAY_SERVICE'] ??
    environment['OTEL_SERVICE_NAME'] ??
    environment['npm_package_name'];
  const sender = {
    service: (service ?? 'unknown_service').slice(0, 128),
    instance: environment['BELAY_INSTANCE'] ?? defaultInstance(),
    sdkVersion,
  };
  const shared = { clock: systemClock, random: Math.random, warn: warnings.add };
  const transport = createTransport({ url: target.url, key: target.key, sdkVersion });
  const logs = createLogShipper({ transport, sender, ...shared });
  const metrics = createMetricsSender({ transport, sender, ...shared });
  return createReporter(parts, { logs, metrics });
}

function targetOf(
  report: ReporterParts['report'],
): { url: URL; key: string | undefined; service?: string } | undefined {
  const given: ReportOptions = typeof report === 'object' ? report : {};
  const text = given.url ?? process.env['BELAY_URL'];
  if (report === false || text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    process.emitWarning(`"${text.slice(0, 80)}" is no address of a Belay; findings of the database are not sent`, {
      type: 'BelayWarning',
    });
    return undefined;
  }
  return {
    url,
    key: given.key ?? process.env['BELAY_KEY'],
    ...(given.service === undefined ? {} : { service: given.service }),
  };
}

function createReporter(
  { name, system, usual }: ReporterParts,
  { logs, metrics }: { readonly logs: LogShipper; readonly metrics: MetricsSender },
): Reporter {
  const operations = new Map<string, Counter>();
  const findings = new Map<string, number>();
  let fromMs = Date.now();
  const shared = [text('db.system.name', system), text('db.namespace', name)];
  const report = (): void => {
    const toMs = Date.now();
    const times = { startTimeUnixNano: `${fromMs}000000`, timeUnixNano: `${toMs}000000` };
    const frame = framesOf({ operations, findings, usual, times, shared });
    fromMs = toMs;
    operations.clear();
    findings.clear();
    if (frame.length > 0) metrics.send(frame);
  };
  const timer = setInterval(report, EVERY_MS).unref();
  return {
    operation({ name: operation, outcome, attempt }) {
      const key = `${operation.slice(0, 100)}\n${outcome}`;
      const counter = operations.get(key);
      if (counter !== undefined) {
        counter.count += 1;
        counter.retries += attempt - 1;
      } else if (operations.size < MOST_SERIES) operations.set(key, { count: 1, retries: attempt - 1 });
    },
    finding(finding) {
      findings.set(finding.kind, (findings.get(finding.kind) ?? 0) + 1);
      logs.write(lineOf(finding, name, system));
    },
    async close(deadlineMs) {
      clearInterval(timer);
      report();
      await Promise.all([metrics.close(deadlineMs), logs.close(deadlineMs)]);
    },
  };
}

interface Frame {
  readonly operations: ReadonlyMap<string, Counter>;
  readonly findings: ReadonlyMap<string, number>;
  readonly usual: ReporterParts['usual'];
  readonly times: object;
  readonly shared: readonly object[];
}

/** Metrics by OpenTelemetry's conventions where there is one, by our own names elsewhere. */
function framesOf({ operations, findings, usual, times, shared }: Frame): readonly object[] {
  const durations = [...usual].flatMap(([fingerprint, values]) => {
    const { buckets, sum } = values.drain();
    if (buckets.size === 0) return [];
    const summary = text('db.query.summary', fingerprint === undefined ? '(other)' : summaryOf(fingerprint));
    return [{ attributes: [...shared, summary], ...times, sum, ...encode(buckets) }];
  });
  const sums = (metric: string, dataPoints: readonly object[]): object[] =>
    dataPoints.length === 0
      ? []
      : [{ name: metric, unit: '1', sum: { aggregationTemporality: DELTA, isMonotonic: true, dataPoints } }];
  const named = [...operations].map(([key, counter]) => {
    const [operation = '', outcome = ''] = key.split('\n');
    return {
      counter,
      attributes: [...shared, text('belay.db.operation', operation), text('belay.db.outcome', outcome)],
    };
  });
  const point = (attributes: readonly object[], count: number): object => ({
    attributes,
    ...times,
    asInt: String(count),
  });
  const retried = named.filter(({ counter }) => counter.retries > 0);
  return [
    ...(durations.length === 0
      ? []
      : [
          {
            name: 'db.client.operation.duration',
            unit: 's',
            exponentialHistogram: { aggregationTemporality: DELTA, dataPoints: durations },
          },
        ]),
    ...sums(
      'belay.db.operations',
      named.map(({ attributes, counter }) => point(attributes, counter.count)),
    ),
    ...sums(
      'belay.db.retries',
      retried.map(({ attributes, counter }) => point(attributes, counter.retries)),
    ),
    ...sums(
      'belay.db.findings',
      [...findings].map(([kind, count]) => point([...shared, text('belay.db.finding', kind)], count)),
    ),
  ];
}

const DELTA = 1;

/** `SELECT orders users`, OpenTelemetry's query summary: few enough to be a label. */
function summaryOf({ verb, tables }: Fingerprint): string {
  return [verb, ...tables].join(' ').slice(0, 255);
}

function encode(buckets: ReadonlyMap<number, number>): object {
  const indices = [...buckets.keys()].filter((index) => index !== ZERO_BUCKET);
  const lowest = Math.min(...indices);
  const count = [...buckets.values()].reduce((total, many) => total + many, 0);
  const base = { count: String(count), scale: HISTOGRAM_SCALE, zeroCount: String(buckets.get(ZERO_BUCKET) ?? 0) };
  if (indices.length === 0) return base;
  const bucketCounts = Array.from({ length: Math.max(...indices) - lowest + 1 }, (_nothing, offset) =>
    String(buckets.get(lowest + offset) ?? 0),
  );
  return { ...base, positive: { offset: lowest, bucketCounts } };
}

/** A finding as a line of a log, which is how Belay keeps words. */
function lineOf(finding: Finding, name: string, system: string): string {
  const { severity, message, at, kind, operation, operationId, fingerprint, plan, facts } = finding;
  return JSON.stringify({
    level: LEVELS[severity],
    time: at,
    msg: message,
    'event.name': `belay.database.${kind}`,
    'db.system.name': system,
    'db.namespace': name,
    'belay.db.operation': operation,
    'belay.db.operation_id': operationId,
    'db.query.text': fingerprint,
    'belay.db.plan': plan,
    ...Object.fromEntries(Object.entries(facts).map(([fact, value]) => [`belay.db.${fact}`, value])),
  });
}

function text(key: string, value: string): object {
  return { key, value: { stringValue: value } };
}
