import { decodeOtlpRequest } from '@belay/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDropCounter } from './drop-counter.ts';
import { encodeOutcomes } from './otlp-metrics.ts';
import { type OutcomeSeries, createOutcomeAccumulator } from './outcome-accumulator.ts';

const series = (group: number, side: 'canary' | 'control'): OutcomeSeries => ({
  rolloutId: 'r1',
  flagKey: 'checkout.v2',
  revision: 7,
  variant: side === 'canary' ? 'on' : 'off',
  arm: 'randomised',
  side,
  group,
});
const known = [series(-1, 'canary'), ...Array.from({ length: 32 }, (_nothing, group) => series(group, 'control'))];

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('unit' as const),
      at: fc.nat(32),
      durationMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
      bad: fc.boolean(),
      badKeyKnown: fc.boolean(),
      value: fc.option(fc.double({ min: -1e12, max: 1e12, noNaN: true }), { nil: undefined }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('exposure' as const), at: fc.nat(32) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'drain' as const }) },
);

describe('outcomes', () => {
  it('are neither lost nor doubled on the way into OTLP, whenever they are drained', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const drops = createDropCounter();
        const outcomes = createOutcomeAccumulator({ drops });
        const wanted = { units: 0, errors: 0, exposures: 0, distinctBad: 0, durations: 0, values: 0 };
        const got = { ...wanted };
        const drain = () => {
          const frame = {
            service: 's',
            instance: 'i',
            sdkVersion: '0',
            fromMs: 1000,
            toMs: 2000,
            sentAtMs: 2000,
            dropped: 0,
          };
          const text = encodeOutcomes(frame, outcomes.drain());
          const decoded = decodeOtlpRequest(new TextEncoder().encode(text), { signal: 'metrics', encoding: 'json' });
          expect(decoded.rejected).toBe(0);
          for (const row of decoded.batch.outcomes) {
            const entries = [...row.histogram.values()].reduce((sum, count) => sum + count, 0);
            got.units += row.units;
            got.errors += row.errors;
            got.exposures += row.exposures;
            got.distinctBad += row.distinctBad;
            if (row.valueName === '') got.durations += entries;
            else got.values += entries;
            expect(row.errors).toBeLessThanOrEqual(row.units);
            expect(row.distinctBad).toBeLessThanOrEqual(row.errors);
          }
        };
        for (const action of steps) {
          if (action.kind === 'drain') drain();
          else if (action.kind === 'exposure') {
            outcomes.addExposure(known[action.at]!);
            wanted.exposures += 1;
          } else {
            const values = action.value === undefined ? undefined : new Map([['cost', action.value]]);
            outcomes.addUnit(known[action.at]!, { ...action, values });
            wanted.units += 1;
            wanted.durations += 1;
            if (action.bad) wanted.errors += 1;
            if (action.bad && action.badKeyKnown) wanted.distinctBad += 1;
            if (values !== undefined) wanted.values += 1;
          }
        }
        drain();
        expect(got).toEqual(wanted);
        expect(drops.totals()).toEqual({});
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it('carry everything that a guard asks about', () => {
    const outcomes = createOutcomeAccumulator({ drops: createDropCounter() });
    const end = { durationMs: 12.5, bad: true, badKeyKnown: true, values: new Map([['order.cost', 3]]) };
    outcomes.addUnit(known[5]!, end);
    outcomes.addExposure(known[5]!);
    const frame = {
      service: 'shop',
      instance: 'i-1',
      sdkVersion: '0.1.0',
      fromMs: 1000,
      toMs: 2000,
      sentAtMs: 2000,
      dropped: 4,
    };
    const text = encodeOutcomes(frame, outcomes.drain());
    const { batch } = decodeOtlpRequest(new TextEncoder().encode(text), { signal: 'metrics', encoding: 'json' });
    expect(batch.outcomes).toHaveLength(2);
    expect(batch.outcomes[0]).toMatchObject({
      flagKey: 'checkout.v2',
      revision: 7,
      variant: 'off',
      arm: 'randomised',
      side: 'control',
      rolloutId: 'r1',
      group: 4,
      units: 1,
      errors: 1,
      exposures: 1,
      distinctBad: 1,
      timeMs: 2000,
    });
    expect(batch.outcomes[0]?.resource).toMatchObject({
      service: 'shop',
      instance: 'i-1',
      sdk: 'belay',
      sentAtMs: 2000,
    });
    expect(batch.outcomes[0]?.histogram).toEqual(new Map([[58, 1]]));
    expect(batch.outcomes[1]).toMatchObject({ valueName: 'order.cost' });
  });

  it('are bounded: series beyond the limit are counted as dropped', () => {
    const drops = createDropCounter();
    const outcomes = createOutcomeAccumulator({ drops });
    for (let index = 0; index < 2100; index += 1) outcomes.addExposure({ ...known[0]!, rolloutId: `r${index}` });
    expect(outcomes.drain().size).toBe(2000);
    expect(drops.totals()).toEqual({ 'series-limit': 100 });
  });
});
