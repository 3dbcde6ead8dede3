import { hash } from 'node:crypto';
import type { SeriesRef } from '@belay/wire';
import { numberPointRows } from './number-points.ts';
import { upkeepRows, type WriteRequest } from './row-set.ts';
import { seriesTable } from './series.ts';

/** A value that Belay measured of itself. */
export interface OwnPoint {
  /** Prometheus name, e.g. `belay_guard_loop_tick_seconds`. */
  readonly metric: string;
  readonly description: string;
  readonly kind: 'gauge' | 'counter';
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Who measured, and when (Unix ms). */
export interface OwnPointsFrame {
  readonly service: string;
  readonly instance: string;
  readonly at: number;
}

const CUMULATIVE = 2;

/** The rows of points that Belay measured of itself; like those of any other sender, under the source `belay`. */
export function ownPoints(points: readonly OwnPoint[], frame: OwnPointsFrame): WriteRequest {
  const keys = points.map((point) => fingerprintOf(point, frame));
  const rows = numberPointRows({
    length: points.length,
    series: points.map(({ metric }, index) => seriesRefOf(metric, keys[index] ?? 0n)),
    times: new Float64Array(points.length).fill(frame.at),
    bits: new Uint32Array(Float64Array.from(points, ({ value }) => value).buffer),
  });
  const series = upkeepRows(seriesTable, keys, (c, index, second) => {
    const { metric, description = '', kind = 'gauge', labels = {} } = points[index] ?? {};
    c.fp.push(keys[index] ?? 0n);
    c.metric.push(metric ?? '');
    c.prom.push(metric ?? '');
    c.kind.push(kind === 'counter' ? 'sum' : 'gauge');
    c.temporality.push(kind === 'counter' ? CUMULATIVE : 0);
    c.monotonic.push(kind === 'counter' ? 1 : 0);
    c.unit.push(unitOf(metric ?? ''));
    c.description.push(description);
    c.source.push('belay');
    c.service.push(frame.service);
    c.instance.push(frame.instance);
    c.labels.push(Object.entries(labels).flat());
    c.first_seen.push(second);
    c.last_seen.push(second);
  });
  return { rows: [rows], upkeep: [series] };
}

function fingerprintOf({ metric, labels }: OwnPoint, { service, instance }: OwnPointsFrame): bigint {
  const name = JSON.stringify(['belay', metric, service, instance, Object.entries(labels)]);
  return hash('sha256', name, 'buffer').readBigUInt64LE();
}

function seriesRefOf(metric: string, fp: bigint): SeriesRef {
  return { metric, fpLow: Number(fp & 0xffff_ffffn), fpHigh: Number(fp >> 32n), dueAt: 0, heardAt: 0 };
}

/** By Prometheus' custom the unit is the end of the name. */
function unitOf(metric: string): string {
  const base = metric.replace(/_total$/, '');
  if (base.endsWith('_seconds')) return 's';
  return base.endsWith('_bytes') ? 'By' : '';
}
