import type { SignalInput } from '@belay/protocol';
import type { TelemetryReader } from '../telemetry/api.ts';
import { SELF_SERVICE, selfSignals } from './self-signals.ts';
import { DAY_MS } from './signals-context.ts';

/** What a service sends, for the signals that appear by themselves. */
export interface ServiceSeen {
  readonly service: string;
  readonly sendsOutcomes: boolean;
  readonly sendsSpans: boolean;
  /** Tracked values, such as `cost`. */
  readonly values: readonly string[];
  /** Metrics of the runtime that tell how full it is. */
  readonly metrics: readonly string[];
}

const COST = /cost|price|spend/i;
const MOST_SERVICES = 200;

/** Metrics that OpenTelemetry's semantic conventions name for how full a process is. */
const SATURATION: readonly { readonly metric: string; readonly title: string; readonly unit: string }[] = [
  { metric: 'nodejs.eventloop.utilization', title: 'Event loop in use', unit: '' },
  { metric: 'nodejs.eventloop.delay.p99', title: 'Event loop delay, 99th percentile', unit: 's' },
  { metric: 'process.cpu.utilization', title: 'CPU in use', unit: '' },
  { metric: 'process.memory.usage', title: 'Memory in use', unit: 'By' },
  { metric: 'v8js.memory.heap.used', title: 'Heap in use', unit: 'By' },
  { metric: 'process_resident_memory_bytes', title: 'Memory in use', unit: 'By' },
];

/** Who sent telemetry in the last day, and what. */
export async function seenServices(reader: TelemetryReader, now: number): Promise<ServiceSeen[]> {
  const from = Math.floor((now - DAY_MS) / 1000);
  const rows = await reader.rows<{ service: string; what: string; detail: string }>(
    `SELECT DISTINCT toString(service) AS service, 'outcomes' AS what, toString(value_name) AS detail FROM outcomes
      WHERE _in >= {from:DateTime('UTC')} AND service != ''
    UNION ALL SELECT DISTINCT toString(service), 'spans', '' FROM spans
      WHERE _in >= {from:DateTime('UTC')} AND is_unit = 1 AND service != ''
    UNION ALL SELECT DISTINCT toString(service), 'metric', toString(metric) FROM series
      WHERE last_seen >= {from:DateTime('UTC')} AND metric IN {metrics:Array(String)} AND service != ''`,
    {
      name: 'signals.services',
      parameters: { from, metrics: [...SATURATION, ...selfSignals].map(({ metric }) => metric) },
    },
  );
  return [...Map.groupBy(rows, ({ service }) => service)].slice(0, MOST_SERVICES).map(([service, own]) => ({
    service,
    sendsOutcomes: own.some(({ what }) => what === 'outcomes'),
    sendsSpans: own.some(({ what }) => what === 'spans'),
    values: own.flatMap(({ what, detail }) => (what === 'outcomes' && detail !== '' ? [detail] : [])),
    metrics: own.flatMap(({ what, detail }) => (what === 'metric' ? [detail] : [])),
  }));
}

/** Signals of every service seen, and of all together, by id. */
export function starterSignals(seen: readonly ServiceSeen[]): ReadonlyMap<string, SignalInput> {
  const signals = new Map<string, SignalInput>();
  const working = seen.filter(({ sendsOutcomes, sendsSpans }) => sendsOutcomes || sendsSpans);
  for (const facts of working) {
    const type = facts.sendsOutcomes ? 'outcomes' : 'spans';
    addRequests(signals, {
      prefix: slugOf(facts.service),
      from: { type, service: facts.service },
      service: facts.service,
    });
    const cost = facts.values.find((value) => COST.test(value));
    if (cost !== undefined) {
      signals.set(`${slugOf(facts.service)}.cost`, costOf({ type: 'outcomes', service: facts.service, value: cost }));
    }
  }
  for (const { service, metrics } of seen) {
    for (const { metric, title, unit } of SATURATION) {
      if (!metrics.includes(metric)) continue;
      const id = `${slugOf(service)}.${slugOf(metric)}`;
      signals.set(id, saturation({ service, metric, title, unit }));
    }
    if (service !== SELF_SERVICE) continue;
    for (const { id, metric, input } of selfSignals) if (metrics.includes(metric)) signals.set(id, input);
  }
  if (working.length === 0) return signals;
  const type = working.every(({ sendsOutcomes }) => sendsOutcomes)
    ? 'outcomes'
    : working.some(({ sendsSpans }) => sendsSpans)
      ? 'spans'
      : 'outcomes';
  addRequests(signals, { prefix: 'all', from: { type } });
  const cost = working.flatMap(({ values }) => values).find((value) => COST.test(value));
  if (cost !== undefined) signals.set('all.cost', costOf({ type: 'outcomes', value: cost }));
  return signals;
}

interface Requests {
  readonly prefix: string;
  readonly from: Extract<SignalInput['from'], { type: 'spans' | 'outcomes' }>;
  readonly service?: string;
}

function addRequests(signals: Map<string, SignalInput>, { prefix, from }: Requests): void {
  signals.set(`${prefix}.errors`, {
    title: 'Failed requests',
    kind: 'ratio',
    from,
    good: 'lower',
    dimension: 'quality',
  });
  for (const [name, quantile, title] of QUANTILES) {
    signals.set(`${prefix}.latency-${name}`, {
      title: `Response time, ${title}`,
      kind: 'quantile',
      quantile,
      from,
      good: 'lower',
      dimension: 'latency',
    });
  }
  signals.set(`${prefix}.traffic`, {
    title: 'Requests per minute',
    kind: 'rate',
    from,
    good: 'none',
    dimension: 'throughput',
  });
}

const QUANTILES = [
  ['p50', 0.5, 'median'],
  ['p95', 0.95, '95th percentile'],
  ['p99', 0.99, '99th percentile'],
] as const;

function costOf(from: Extract<SignalInput['from'], { type: 'outcomes' }>): SignalInput {
  return { title: 'Cost per request', kind: 'mean', from, good: 'lower', dimension: 'cost' };
}

function saturation(facts: { service: string; metric: string; title: string; unit: string }): SignalInput {
  return {
    title: facts.title,
    kind: 'gauge',
    from: { type: 'metric', metric: facts.metric, service: facts.service },
    unit: facts.unit,
    good: 'lower',
    dimension: 'cost',
  };
}

/** An id of a name; names that an id cannot hold keep apart by a number made of them. */
export function slugOf(name: string): string {
  const slug = name
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 60);
  if (slug === name) return slug;
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 46_656;
  return `${slug === '' ? 'service' : slug}-${sum.toString(36)}`;
}
