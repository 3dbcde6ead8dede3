import { type SeriesFacts, seriesIdentity, type SeriesRef } from '@belay/wire';
import { describe, expect, it } from 'vitest';
import { createCardinalityGuard } from './cardinality-guard.ts';
import { createActiveSeries } from './series-registry.ts';

const HOUR_MS = 3_600_000;

describe('the cardinality guard', () => {
  it('refuses new series beyond the limit, names the label that explodes, and lets known series go on', () => {
    const { registry, guard, warnings } = open({ newPerHour: 100, active: 50 });
    const first = registry.find(facts({ user: 'u0' }));
    for (let i = 1; i < 5000; i += 1) registry.find(facts({ user: `u${i}`, route: `/r${i % 5}` }));
    expect(registry.find(facts({ user: 'u0' }))).toBe(first);
    const [view] = guard.report('shop');
    expect(view).toMatchObject({ service: 'shop', active: 50, state: 'refusing', refused: 4950 });
    expect(view?.exploding).toMatchObject([{ metric: 'requests', label: 'user', refused: 4950 }]);
    expect(view?.exploding[0]?.values).toBeGreaterThan(4000);
    expect(view?.advice).toContain('label "user" of requests has about');
    expect(warnings).toHaveLength(1);
  });

  it('keeps the services apart, and one by one within their hour', () => {
    const { registry, clock } = open({ newPerHour: 10, active: 1000 });
    clock.at += 2 * HOUR_MS;
    // The first hour of a service may bring all that it may have.
    const bring = (service: string, count: number, from = 0): number => {
      let taken = 0;
      for (let i = from; i < from + count; i += 1) {
        taken += registry.find({ ...facts({ i: String(i) }), service }) === undefined ? 0 : 1;
      }
      return taken;
    };
    expect(bring('a', 500)).toBe(500);
    expect(bring('b', 5)).toBe(5);
    clock.at += HOUR_MS;
    expect(bring('a', 20, 1000)).toBe(10);
    expect(bring('b', 20, 1000)).toBe(10);
    clock.at += HOUR_MS;
    expect(bring('a', 20, 2000)).toBe(10);
  });

  it('makes room again when series fall silent', () => {
    const { registry, guard, clock } = open({ newPerHour: 1000, active: 10 });
    for (let i = 0; i < 20; i += 1) registry.find(facts({ i: String(i) }));
    expect(guard.report()[0]?.active).toBe(10);
    clock.at += 2 * HOUR_MS;
    registry.sweep();
    expect([registry.size(), guard.report()[0]?.active]).toEqual([0, 0]);
    expect(registry.find(facts({ i: '19' }))).toBeDefined();
    expect(guard.report()[0]?.state).toBe('ok');
  });

  it('bounds what millions of labels and services make it remember', () => {
    const { registry, guard } = open({ newPerHour: 1000, active: 1000 });
    for (let i = 0; i < 100_000; i += 1) {
      registry.find({ ...facts({ user: `u${i}`, [`key${i % 5000}`]: 'x' }), service: `s${i}`, metric: `m${i % 700}` });
    }
    const report = guard.report();
    expect(report.length).toBeLessThanOrEqual(2001);
    expect(registry.size()).toBeLessThanOrEqual(3001);
    expect(report.find(({ service }) => service === '(other services)')).toMatchObject({ state: 'refusing' });
    expect(JSON.stringify(report).length).toBeLessThan(2_000_000);
  });
});

describe('the registry of series', () => {
  it('knows what was stored before it started, and does not count it as new', () => {
    const { registry, guard, clock } = open({ newPerHour: 1, active: 10 });
    const ref = registry.find(facts({ a: '1' }));
    const fp = (BigInt(ref?.fpHigh ?? 0) << 32n) | BigInt(ref?.fpLow ?? 0);
    const later = open({ newPerHour: 1, active: 10 }, clock.at + 3 * HOUR_MS);
    const second = Math.floor(later.clock.at / 1000);
    later.registry.learn([{ fp, service: 'shop', firstSeen: 5, lastSeen: second - 60 }]);
    const known = later.registry.find(facts({ a: '1' }));
    expect(known).toMatchObject({ metric: 'requests', fpLow: ref?.fpLow, fpHigh: ref?.fpHigh });
    expect(later.guard.report()[0]).toMatchObject({ active: 1, newThisHour: 0 });
    if (known !== undefined) known.dueAt = 0;
    const due = new Map(known === undefined ? [] : [[known, facts({ a: '1' })]]);
    expect(later.registry.describeDue(due)).toMatchObject([{ fp, firstSeen: 5 }]);
    expect(guard.report()[0]?.newThisHour).toBe(1);
  });

  it('describes a series again when its metadata comes later, under another key', () => {
    const { registry } = open({ newPerHour: 10, active: 10 });
    const told = { ...facts({ le: '1' }), metric: 'latency_bucket', source: 'remote-write' as const };
    const ref = registry.find(told);
    if (ref === undefined) return expect.fail('the series is admitted');
    const due = new Map([[ref, told]]);
    const [before] = registry.describeDue(due);
    registry.described(due);
    expect(ref.dueAt).toBeGreaterThan(0);
    const family = { family: 'latency', kind: 'histogram', unit: 's', description: 'How long' } as const;
    registry.describe([family]);
    expect(ref.dueAt).toBe(0);
    const [after] = registry.describeDue(due);
    expect(after?.facts).toMatchObject({ kind: 'sum', monotonic: true, unit: 's', description: 'How long' });
    expect(after?.key).not.toBe(before?.key);
    registry.described(due);
    registry.describe([family]);
    expect(ref.dueAt).toBeGreaterThan(0);
  });

  it('keeps a series due whose metadata comes while its rows are on their way', () => {
    const { registry } = open({ newPerHour: 10, active: 10 });
    const told = { ...facts({}), source: 'remote-write' as const };
    const due = dueOf(registry, told);
    registry.describeDue(due);
    registry.describe([{ family: 'requests', kind: 'counter', unit: '', description: 'Requests served' }]);
    registry.described(due);
    expect(registry.find(told)?.dueAt).toBe(0);
    const [description] = registry.describeDue(due);
    expect(description?.facts.description).toBe('Requests served');
    registry.described(due);
    expect(registry.find(told)?.dueAt).toBeGreaterThan(0);
  });

  it('describes a series of the store whose metadata comes before its first sample', () => {
    const told = { ...facts({}), source: 'remote-write' as const };
    const ref = open({ newPerHour: 10, active: 10 }).registry.find(told);
    const fp = (BigInt(ref?.fpHigh ?? 0) << 32n) | BigInt(ref?.fpLow ?? 0);
    const { registry, clock } = open({ newPerHour: 10, active: 10 });
    const lastSeen = Math.floor(clock.at / 1000) - 60;
    registry.learn([{ fp, service: 'shop', firstSeen: 5, lastSeen }]);
    registry.describe([{ family: 'requests', kind: 'counter', unit: '', description: 'Requests served' }]);
    expect(registry.find(told)?.dueAt).toBe(0);
  });

  it('never describes a series with less than the store has', () => {
    const { registry } = open({ newPerHour: 10, active: 10 });
    registry.learnDescriptions([{ family: 'requests', kind: 'gauge', unit: 's', description: 'As stored' }]);
    const told = { ...facts({}), source: 'remote-write' as const };
    const written = (facts: SeriesFacts): unknown => registry.describeDue(dueOf(registry, facts))[0]?.facts;
    expect(written(told)).toMatchObject({ kind: 'gauge', unit: 's', description: 'As stored' });
    expect(written({ ...told, description: 'Told with it' })).toMatchObject({ description: 'Told with it' });
    registry.describe([{ family: 'requests', kind: 'counter', unit: '', description: 'Told since' }]);
    expect(written(told)).toMatchObject({ kind: 'sum', unit: '', description: 'Told since' });
  });

  it('tells identities apart that would read the same when joined', () => {
    const identities = [
      facts({ a: '1,b' }),
      facts({ a: '1', b: '' }),
      { ...facts({ a: '1' }), instance: 'x' },
      { ...facts({ a: '1' }), service: 'shopx', instance: '' },
      { ...facts({ a: '1' }), unit: 's' },
      { ...facts({ a: '1' }), source: 'remote-write' as const },
    ].map(seriesIdentity);
    expect(new Set(identities).size).toBe(identities.length);
  });
});

function dueOf(registry: ReturnType<typeof open>['registry'], told: SeriesFacts): Map<SeriesRef, SeriesFacts> {
  const ref = registry.find(told);
  return new Map(ref === undefined ? [] : [[ref, told]]);
}

function open(limits: { newPerHour: number; active: number }, at = 1_800_000_000_000) {
  const clock = { at, now: () => clock.at };
  const warnings: string[] = [];
  const guard = createCardinalityGuard({ limits, clock, onRefusing: ({ advice }) => void warnings.push(advice) });
  return { guard, clock, warnings, registry: createActiveSeries({ guard, clock }) };
}

function facts(labels: Readonly<Record<string, string>>): SeriesFacts {
  return {
    source: 'otlp',
    metric: 'requests',
    prom: 'requests_total',
    kind: 'sum',
    temporality: 2,
    monotonic: true,
    unit: '',
    description: '',
    service: 'shop',
    instance: 'i',
    labels: Object.entries(labels).flat(),
  };
}
