import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileFlagSet } from './compile-flag-set.ts';
import { allUnits, compileOverlays, evaluateGuarded, noOverlays } from './overlay.ts';
import { overlayAsFlagd } from './overlay-as-flagd.ts';
import type { FlagSet, GuardedResult, RolloutOverlay } from './types.ts';

const overlay: RolloutOverlay = {
  rolloutId: 'rol_1',
  attempt: 1,
  flagKey: 'checkout',
  controlVariant: 'old',
  canaryVariant: 'new',
  share: 100_000,
  seed: 's1:',
  bucketing: 'flagd-v2',
  leaseMs: 60_000,
};
const plain = { state: 'ENABLED', variants: { old: 'v1', new: 'v2', odd: 'v3' }, defaultVariant: 'old' };

describe('evaluateGuarded', () => {
  it('gives the canary variant to its share of units, within chance', () => {
    const set = setOf(plain);
    const keys = Array.from({ length: 40_000 }, (_nothing, index) => `user-${index}`);
    const canaries = keys.filter((key) => guarded(set, overlay, { targetingKey: key }).side === 'canary').length;
    // Binomial: mean 4000, standard deviation 60; four of them.
    expect(Math.abs(canaries - 4000)).toBeLessThan(240);
  });

  it('keeps a unit that is in while the share grows', () => {
    const set = setOf(plain);
    const share = fc.integer({ min: 0, max: allUnits });
    fc.assert(
      fc.property(fc.string(), share, share, (targetingKey, one, other) => {
        const [small, large] = [Math.min(one, other), Math.max(one, other)];
        const before = guarded(set, { ...overlay, share: small }, { targetingKey });
        const after = guarded(set, { ...overlay, share: large }, { targetingKey });
        if (before.side === 'canary') expect(after.side).toBe('canary');
      }),
      { seed: 21, numRuns: 2000 },
    );
  });

  it.each([
    [0, 'control'],
    [allUnits, 'canary'],
  ])('at a share of %d millionths serves the %s side to all', (share, side) => {
    const set = setOf(plain);
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (targetingKey) => {
        expect(guarded(set, { ...overlay, share }, { targetingKey }).side).toBe(side);
      }),
      { seed: 22, numRuns: 500 },
    );
  });

  it('says that the split decided, on which side, and in which group', () => {
    const result = guarded(setOf(plain), { ...overlay, share: allUnits }, { targetingKey: 'ann' });
    expect(result).toMatchObject({
      value: 'v2',
      variant: 'new',
      reason: 'SPLIT',
      arm: 'randomised',
      side: 'canary',
      rolloutId: 'rol_1',
    });
    expect(result.group).toBeGreaterThanOrEqual(0);
    expect(result.group).toBeLessThan(32);
  });

  it.each([
    ['new', 'canary'],
    ['old', 'control'],
    ['odd', undefined],
  ])('serves a unit that a rule gives "%s", but does not judge it', (variant, side) => {
    const targeting = { if: [{ '==': [{ var: 'staff' }, true] }, variant, null] };
    const set = setOf({ ...plain, targeting });
    expect(guarded(set, overlay, { staff: true, targetingKey: 'ann' })).toMatchObject({
      variant,
      arm: 'forced',
      side,
      reason: 'TARGETING_MATCH',
    });
    expect(guarded(set, overlay, { staff: false, targetingKey: 'ann' }).arm).toBe('randomised');
  });

  it('serves control without a targeting key, and does not judge', () => {
    const result = guarded(setOf(plain), { ...overlay, share: allUnits }, {});
    expect(result).toMatchObject({
      variant: 'old',
      reason: 'DEFAULT',
      arm: undefined,
      side: undefined,
      group: undefined,
    });
  });

  it('leaves a disabled flag disabled and a broken rule broken', () => {
    expect(guarded(setOf({ ...plain, state: 'DISABLED' }), overlay, { targetingKey: 'ann' }).reason).toBe('DISABLED');
    const broken = setOf({ ...plain, targeting: { if: [{ '<': ['a', 1] }, 'new', null] } });
    expect(guarded(broken, overlay, { targetingKey: 'ann' })).toMatchObject({ errorCode: 'GENERAL', arm: undefined });
  });

  it('is plain evaluation where no rollout runs', () => {
    expect(evaluateGuarded(setOf(plain), noOverlays, 'checkout', {})).toMatchObject({
      variant: 'old',
      reason: 'STATIC',
      arm: undefined,
    });
    expect(evaluateGuarded(setOf(plain), noOverlays, 'nope', {}).errorCode).toBe('FLAG_NOT_FOUND');
  });
});

describe('compileOverlays', () => {
  it.each([
    ['an unknown flag', { flagKey: 'nope' }, 'nope'],
    ['an unknown variant', { canaryVariant: 'newer' }, 'newer'],
    ['a share out of range', { share: 1_000_001 }, '1000001'],
    ['a share that is no whole number', { share: 0.5 }, '0.5'],
  ])('leaves out a rollout with %s, and says so', (_name, change, seen) => {
    const compiled = compileOverlays(setOf(plain), [{ ...overlay, ...change }]);
    expect(compiled.byFlag.size).toBe(0);
    expect(compiled.issues).toMatchObject([{ path: 'rollouts.0', seen }]);
  });

  it('takes the first of two rollouts of one flag', () => {
    const compiled = compileOverlays(setOf(plain), [overlay, { ...overlay, rolloutId: 'rol_2' }]);
    expect(compiled.byFlag.get('checkout')?.overlay.rolloutId).toBe('rol_1');
    expect(compiled.issues).toHaveLength(1);
  });
});

describe('overlayAsFlagd', () => {
  it('names the rollout in the metadata and leaves other flags alone', () => {
    const other = { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on' };
    const exported = overlayAsFlagd({ flags: { checkout: plain, other } }, overlay);
    expect(exported['flags']).toMatchObject({
      other,
      checkout: { metadata: { 'belay.rollout.id': 'rol_1', 'belay.rollout.attempt': 1, 'belay.rollout.share': 0.1 } },
    });
  });

  it('leaves a document without the flag unchanged', () => {
    const definition = { flags: {} };
    expect(overlayAsFlagd(definition, overlay)).toBe(definition);
  });
});

function setOf(flag: object): FlagSet {
  const { flags, issues } = compileFlagSet({ flags: { checkout: flag } }, { lenient: true });
  if (flags === undefined) throw new Error(JSON.stringify(issues));
  return flags;
}

function guarded(set: FlagSet, over: RolloutOverlay, context: Record<string, unknown>): GuardedResult {
  return evaluateGuarded(set, compileOverlays(set, [over]), 'checkout', context);
}
