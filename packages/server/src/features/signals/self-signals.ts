import type { SignalInput } from '@belay/protocol';

/** The service under which Belay stores what it measures of itself. */
export const SELF_SERVICE = 'belay';

/** A signal of Belay itself, and the metric that it is made of. */
export interface SelfSignal {
  readonly id: string;
  readonly metric: string;
  readonly input: SignalInput;
}

type Facts = Pick<SignalInput, 'title' | 'kind' | 'dimension' | 'unit'> & {
  readonly metric: string;
  readonly where?: Readonly<Record<string, string>>;
};

/** What tells that Belay itself is not as usual; `belay doctor` reads them. */
export const selfSignals: readonly SelfSignal[] = [
  selfSignal('ingest-lag', {
    title: 'Until telemetry is stored, 95th percentile',
    metric: 'belay_ingest_ack_seconds',
    where: { quantile: '0.95' },
    kind: 'gauge',
    unit: 's',
    dimension: 'latency',
  }),
  selfSignal('not-stored', {
    title: 'Telemetry that was not stored as sent, per second',
    metric: 'belay_telemetry_dropped_total',
    kind: 'rate',
    unit: '/s',
    dimension: 'quality',
  }),
  selfSignal('query-time', {
    title: 'Questions to the telemetry store, 95th percentile',
    metric: 'belay_query_p95_seconds',
    kind: 'gauge',
    unit: 's',
    dimension: 'latency',
  }),
  selfSignal('store-size', {
    title: 'Telemetry on disk',
    metric: 'belay_store_total_bytes',
    kind: 'gauge',
    unit: 'By',
    dimension: 'cost',
  }),
  selfSignal('guard-loop', {
    title: 'One round of the guards',
    metric: 'belay_guard_loop_tick_seconds',
    kind: 'gauge',
    unit: 's',
    dimension: 'latency',
  }),
  selfSignal('event-loop', {
    title: 'How long the event loop was held up, 99th percentile',
    metric: 'belay_event_loop_delay_seconds',
    where: { quantile: '0.99' },
    kind: 'gauge',
    unit: 's',
    dimension: 'latency',
  }),
];

function selfSignal(name: string, { title, kind, unit, dimension, metric, where }: Facts): SelfSignal {
  return {
    id: `${SELF_SERVICE}.${name}`,
    metric,
    input: {
      title,
      kind,
      unit,
      dimension,
      good: 'lower',
      from: { type: 'metric', metric, service: SELF_SERVICE, ...(where === undefined ? {} : { where }) },
    },
  };
}
