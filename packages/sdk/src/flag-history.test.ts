import { compileFlagSet, evaluateGuarded, noOverlays } from '@belay/core/flag';
import { describe, expect, it } from 'vitest';
import { createDropCounter } from './drop-counter.ts';
import { createFlagHistory } from './flag-history.ts';
import { type OutcomeAccumulator, createOutcomeAccumulator } from './outcome-accumulator.ts';
import { createRecentKeys } from './recent-keys.ts';
import { runUnit } from './unit-scope.ts';

const compiled = compileFlagSet({
  flags: { 'checkout.v2': { state: 'ENABLED', variants: { off: false, on: true }, defaultVariant: 'off' } },
});
const clock = { now: () => 0, monotonic: () => 0 };

function past(): { outcomes: OutcomeAccumulator; read: (user: string) => void } {
  const outcomes = createOutcomeAccumulator({ drops: createDropCounter() });
  const history = createFlagHistory({ clock, outcomes, failed: createRecentKeys(100, 300_000), revision: 3 });
  if (compiled.flags === undefined) throw new Error('the flag set of this test compiles');
  const { flags } = compiled;
  const read = (user: string): void =>
    history.note('checkout.v2', evaluateGuarded(flags, noOverlays, 'checkout.v2', { targetingKey: user }), user);
  return { outcomes, read };
}

describe('history of a flag that nobody rolls out', () => {
  it('counts a unit once, however often it reads the flag', () => {
    const { outcomes, read } = past();
    runUnit('job', 'ann', () => [read('ann'), read('ann')]);
    const [[series, counts] = []] = [...outcomes.drain()];
    expect(series).toMatchObject({
      rolloutId: '',
      flagKey: 'checkout.v2',
      variant: 'off',
      side: undefined,
      revision: 3,
    });
    expect(counts).toMatchObject({ units: 1, errors: 0, exposures: 0 });
  });

  it('counts the failures of one key once, as a rollout does', () => {
    const { outcomes, read } = past();
    const failing = (user: string): void => {
      expect(() =>
        runUnit('job', user, () => {
          read(user);
          throw new RangeError('declined');
        }),
      ).toThrow('declined');
    };
    for (const user of ['ann', 'ann', 'bob']) failing(user);
    const [[, counts] = []] = [...outcomes.drain()];
    expect(counts).toMatchObject({ units: 3, errors: 2, distinctBad: 2 });
  });

  it('ignores a read outside a unit of work', () => {
    const { outcomes, read } = past();
    read('ann');
    expect(outcomes.drain().size).toBe(0);
  });
});
