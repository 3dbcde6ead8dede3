import { describe, expect, it } from 'vitest';
import { prometheusLabelOf, prometheusNameOf } from './prometheus-name.ts';
import type { SeriesKind } from './series.ts';

describe('prometheusNameOf', () => {
  // From the OpenTelemetry specification and the tests of prometheus/otlptranslator.
  it.each<[name: string, unit: string, kind: SeriesKind | 'counter', wanted: string]>([
    ['http.server.request.duration', 's', 'histogram', 'http_server_request_duration_seconds'],
    ['metric@with#special$chars', '', 'gauge', 'metric_with_special_chars'],
    ['0starts.with.digit', '', 'gauge', '_0starts_with_digit'],
    ['a__b...c', '', 'gauge', 'a_b_c'],
    ['requests', '', 'counter', 'requests_total'],
    ['requests_total', '', 'counter', 'requests_total'],
    ['total_requests', '', 'counter', 'requests_total'],
    ['cpu_usage', '1', 'gauge', 'cpu_usage_ratio'],
    ['cpu_usage_ratio', '1', 'gauge', 'cpu_usage_ratio'],
    ['items', '1', 'counter', 'items_total'],
    ['items', '1', 'sum', 'items'],
    ['response_time', 'ms', 'gauge', 'response_time_milliseconds'],
    ['response_time_seconds', 's', 'gauge', 'response_time_seconds'],
    ['memory_usage', 'By', 'gauge', 'memory_usage_bytes'],
    ['requests', '1/s', 'gauge', 'requests_per_second'],
    ['throughput', 'By/s', 'gauge', 'throughput_bytes_per_second'],
    ['speed', 'm/min', 'gauge', 'speed_meters_per_minute'],
    ['custom_metric', 'custom_unit', 'gauge', 'custom_metric_custom_unit'],
    ['custom_metric', '{custom}', 'gauge', 'custom_metric'],
    ['custom_metric', 'By/{custom}', 'gauge', 'custom_metric_bytes'],
    ['cpu_seconds_total', 's', 'counter', 'cpu_seconds_total'],
    ['system.network.io', 'By', 'counter', 'system_network_io_bytes_total'],
    ['disk.used', '%', 'gauge', 'disk_used_percent'],
    ['metric__with__many', 'unit__with__many', 'gauge', 'metric_with_many_unit_with_many'],
    ['custom_metric', 'unit@with#special/chars', 'gauge', 'custom_metric_unit_with_special_per_chars'],
    ['job:requests', '', 'gauge', 'job:requests'],
    ['größe', '', 'gauge', 'gr_e'],
    ['@#$%', '', 'gauge', ''],
    ['constructor', 'toString', 'gauge', 'constructor_toString'],
  ])('%s in "%s" as %s is %s', (name, unit, kind, wanted) => {
    const identity = kind === 'counter' ? { kind: 'sum' as const, monotonic: true } : { kind, monotonic: false };
    expect(prometheusNameOf({ name, unit, ...identity })).toBe(wanted);
  });
});

describe('prometheusLabelOf', () => {
  it.each([
    ['http.route', 'http_route'],
    ['LabelWithCapitals', 'LabelWithCapitals'],
    ['label:with:colons', 'label_with_colons'],
    ['123label', 'key_123label'],
    ['_private', 'key_private'],
    ['__reserved', '__reserved'],
    ['foreign_字符', 'foreign___'],
  ])('%s is %s', (key, wanted) => expect(prometheusLabelOf(key)).toBe(wanted));
});
