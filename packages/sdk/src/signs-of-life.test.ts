import { decodeOtlpRequest } from '@belay/wire';
import { describe, expect, it } from 'vitest';
import { encodeOutcomes } from './otlp-metrics.ts';
import type { OutcomeCounts, OutcomeSeries } from './outcome-accumulator.ts';
import { createSignsOfLife } from './signs-of-life.ts';
import { decodeSnapshot } from './snapshot-decoder.ts';

const snapshot = decodeSnapshot(
  {
    revision: 9,
    definitions: { flags: { a: { state: 'ENABLED', variants: { off: false, on: true }, defaultVariant: 'off' } } },
    rollouts: [
      {
        rolloutId: 'r1',
        attempt: 1,
        flagKey: 'a',
        controlVariant: 'off',
        canaryVariant: 'on',
        share: 10_000,
        seed: 's',
        bucketing: 'flagd-v2',
        leaseMs: 60_000,
      },
    ],
    leases: [],
  },
  'server',
);

function quiet(): { at: (ms: number, counts?: ReadonlyMap<OutcomeSeries, OutcomeCounts>) => readonly OutcomeSeries[] } {
  let now = 0;
  const signs = createSignsOfLife({
    clock: { now: () => now, monotonic: () => now },
    state: () => ('value' in snapshot ? snapshot.value : undefined),
  });
  return {
    at(ms, counts = new Map()) {
      now = ms;
      return [...signs.addTo(counts).keys()];
    },
  };
}

describe('a process without traffic', () => {
  it('tells every two seconds that nothing happened', () => {
    const { at } = quiet();
    expect(at(0)).toHaveLength(1);
    expect(at(1000)).toHaveLength(0);
    expect(at(2000)).toMatchObject([{ rolloutId: 'r1', flagKey: 'a', variant: 'off', side: 'control' }]);
  });

  it('adds nothing where outcomes speak for themselves', () => {
    const { at } = quiet();
    const [series] = at(0);
    if (series === undefined) throw new Error('the first sign is due at once');
    const counts: OutcomeCounts = {
      units: 2,
      errors: 0,
      exposures: 1,
      distinctBad: 0,
      duration: new Map(),
      values: new Map(),
    };
    expect(at(5000, new Map([[series, counts]]))).toHaveLength(1);
    expect(at(6000)).toHaveLength(0);
  });

  it('is understood by the server as a row of zero units', () => {
    const { at } = quiet();
    const [series] = at(0);
    if (series === undefined) throw new Error('the first sign is due at once');
    const empty: OutcomeCounts = {
      units: 0,
      errors: 0,
      exposures: 0,
      distinctBad: 0,
      duration: new Map(),
      values: new Map(),
    };
    const frame = { service: 's', instance: 'i', sdkVersion: '0', fromMs: 0, toMs: 1000, sentAtMs: 1000, dropped: 0 };
    const body = new TextEncoder().encode(encodeOutcomes(frame, new Map([[series, empty]])));
    const { batch, rejected } = decodeOtlpRequest(body, { signal: 'metrics', encoding: 'json' });
    expect(rejected).toBe(0);
    expect(batch.outcomes).toMatchObject([{ rolloutId: 'r1', flagKey: 'a', side: 'control', units: 0, errors: 0 }]);
  });
});
