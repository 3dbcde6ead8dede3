import { FlagdCore, MemoryStorage } from '@openfeature/flagd-core';
import type { EvaluationContext as FlagdContext } from '@openfeature/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileFlagSet } from './compile-flag-set.ts';
import { evaluateFlag } from './evaluate-flag.ts';
import { compileOverlays, evaluateGuarded } from './overlay.ts';
import { overlayAsFlagd } from './overlay-as-flagd.ts';
import type { RolloutOverlay } from './types.ts';

// flagd-core compiles rules by default and interprets them where `eval` is forbidden; the two disagree here and there.
type Mode = 'compiled' | 'interpreted';

describe('evaluateFlag beside @openfeature/flagd-core', () => {
  it('answers as both of its modes do, wherever they agree, and as one of them otherwise', () => {
    const tally = { agreed: 0, disagreed: 0, values: 0, errors: 0 };
    fc.assert(
      fc.property(rules, contexts, (targeting, context) => {
        const definition = documentWith(targeting);
        const [compiled, interpreted] = [
          flagd(definition, context, 'compiled'),
          flagd(definition, context, 'interpreted'),
        ];
        const belay = evaluate(definition, context);
        const isAgreed = JSON.stringify(compiled) === JSON.stringify(interpreted);
        tally[isAgreed ? 'agreed' : 'disagreed'] += 1;
        tally[compiled.errorCode === undefined ? 'values' : 'errors'] += 1;
        if (isAgreed) expect(belay).toEqual(compiled);
        else expect([compiled, interpreted]).toContainEqual(belay);
      }),
      { seed: 20_260_724, numRuns: 4000 },
    );
    // The comparison means something only if most rules give values and the modes mostly agree.
    expect(tally.values).toBeGreaterThan(1700);
    expect(tally.errors).toBeGreaterThan(200);
    expect(tally.agreed).toBeGreaterThan(3600);
  }, 120_000);

  it('splits as it does, whatever the weights and the key', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 400_000_000 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(weights, fc.string({ unit: 'grapheme-ascii' }), (shares, targetingKey) => {
        const names = ['on', 'off', 'a', 'b', 'true'];
        const definition = documentWith({ fractional: shares.map((share, index) => [names[index], share]) });
        expect(evaluate(definition, { targetingKey })).toEqual(flagd(definition, { targetingKey }, 'compiled'));
      }),
      { seed: 7, numRuns: 2000 },
    );
  }, 120_000);
});

describe('overlayAsFlagd', () => {
  it('gives every unit the variant that the rollout gives it, in Belay and in flagd-core', () => {
    const overlays = fc.record({
      share: fc.oneof(fc.constantFrom(0, 1, 10_000, 500_000, 1_000_000), fc.integer({ min: 0, max: 1_000_000 })),
      seed: fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
      canaryVariant: fc.constantFrom('on', 'a'),
      controlVariant: fc.constantFrom('off', 'b'),
    });
    const own = fc.option(rules, { nil: undefined });
    fc.assert(
      fc.property(own, overlays, contexts, (targeting, parts, context) => {
        const overlay: RolloutOverlay = { ...fixedOverlay, ...parts };
        const definition = documentWith(targeting);
        const exported = overlayAsFlagd(definition, overlay);
        const flags = compileFlagSet(definition, { lenient: true }).flags;
        if (flags === undefined) throw new Error('the definition is readable');
        const guarded = evaluateGuarded(flags, compileOverlays(flags, [overlay]), 'f', context);
        const pure = evaluate(exported, context);
        expect(pure).toMatchObject({ value: guarded.value, variant: guarded.variant, errorCode: guarded.errorCode });
        if (targeting !== undefined) return;
        const other = flagd(exported, context, 'compiled');
        expect(other).toMatchObject({ value: guarded.value, variant: guarded.variant, errorCode: guarded.errorCode });
      }),
      { seed: 11, numRuns: 3000 },
    );
  }, 120_000);
});

const fixedOverlay = { rolloutId: 'r1', attempt: 1, flagKey: 'f', bucketing: 'flagd-v2', leaseMs: 60_000 } as const;

interface Answer {
  readonly value: unknown;
  readonly variant: string | undefined;
  readonly reason: string | undefined;
  readonly errorCode: string | undefined;
}

function documentWith(targeting: unknown): { flags: Record<string, unknown> } {
  const variants = { on: 'ON', off: 'OFF', a: 'A', b: 'B', true: 'T' };
  const flag = { state: 'ENABLED', variants, defaultVariant: 'off' };
  return { flags: { f: targeting === undefined ? flag : { ...flag, targeting } } };
}

function flagd(definition: unknown, context: FlagdContext, mode: Mode): Answer {
  const storage = new MemoryStorage(silent, { disableDynamicCodeGeneration: mode === 'interpreted' });
  const core = new FlagdCore(storage, silent);
  core.setConfigurations(JSON.stringify(definition));
  const { value, variant, reason, errorCode } = core.resolveStringEvaluation('f', callersDefault, context, silent);
  return { value: value === callersDefault ? undefined : value, variant, reason, errorCode };
}

function evaluate(definition: unknown, context: FlagdContext): Answer {
  const { flags } = compileFlagSet(definition, { lenient: true });
  if (flags === undefined) throw new Error('the definition is readable');
  const { value, variant, reason, errorCode } = evaluateFlag(flags, 'f', context, { type: 'string' });
  return { value, variant, reason, errorCode };
}

const callersDefault = 'the default of the caller';
const silent = { error: ignore, warn: ignore, info: ignore, debug: ignore };
function ignore(): void {
  // flagd-core reports every odd rule; the comparison is of answers.
}

const scalar = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', 'a', 'b', 'pro', '5', '10', 'x@y.z', '1.2.3', 'v2.0.0', 'true') },
  { weight: 3, arbitrary: fc.integer({ min: -3, max: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom(0.5, 1.5, true, false, null) },
);
const scalarPath = fc.constantFrom(
  'plan',
  'age',
  'email',
  'user.name',
  'tags.0',
  'nope',
  'targetingKey',
  '$flagd.flagKey',
  'flag',
  'zero',
  'user.nope.deep',
);
const listPath = fc.constantFrom('user.tags', 'tags', 'list');
const variant = fc.constantFrom('on', 'off', 'a', 'b');
const versions = fc.constantFrom('1.2.3', '2', '2.0.0', '1.2.3-beta.2', '1.2.3-beta.11', 'v1.0.0', '1.2.3+build');
const read = (path: string): unknown => ({ var: path });
const operation = (name: string, raw: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  raw.map((value) => ({ [name]: value }));

// Literals stand behind `var`, so that flagd-core cannot work them out while compiling: what it does with an error there
// is a difference of its own, told in docs/explanation/flagd-differences.md.
const leaf = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(fc.constant('nothing.here'), scalar).map((raw) => ({ var: raw })) },
  { weight: 3, arbitrary: scalarPath.map(read) },
);

const grammar = fc.letrec((tie) => {
  const several = (least: number, most: number): fc.Arbitrary<unknown> =>
    fc.array(tie('scalar'), { minLength: least, maxLength: most });
  const over = fc.tuple(tie('list'), tie('item'));
  const start = fc.integer({ min: 0, max: 3 });
  const places = fc.integer({ min: -6, max: 6 });
  const text = fc.oneof(fc.constantFrom(read('email'), read('user.name')), tie('scalar'));
  return {
    scalar: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 6, arbitrary: leaf },
      ...['==', '!=', '===', '!==', '<', '>', '<=', '>='].map((name) => operation(name, several(2, 2))),
      ...['<', '<='].map((name) => operation(name, several(3, 3))),
      operation('if', several(2, 5)),
      operation('or', several(1, 3)),
      operation('and', several(1, 3)),
      ...['!', '!!'].map((name) => operation(name, several(1, 1))),
      ...['+', '-', '*', '/', '%', 'max', 'min'].map((name) => operation(name, several(2, 3))),
      operation('cat', several(2, 3)),
      operation('in', fc.tuple(tie('scalar'), fc.array(scalar, { maxLength: 4 }))),
      operation('in', fc.tuple(tie('scalar'), fc.oneof(listPath.map(read), fc.constant(read('email'))))),
      operation('substr', fc.tuple(text, places)),
      operation('substr', fc.tuple(text, places, places)),
      ...['all', 'some', 'none'].map((name) => operation(name, over)),
      operation('reduce', fc.tuple(tie('list'), tie('step'), start)),
      ...['starts_with', 'ends_with'].map((name) => operation(name, several(2, 2))),
      operation(
        'sem_ver',
        fc.tuple(
          fc.oneof(tie('scalar'), versions),
          fc.constantFrom('=', '!=', '<', '<=', '>', '>=', '^', '~'),
          versions,
        ),
      ),
      tie('fractional'),
    ),
    list: fc.oneof(
      { maxDepth: 3 },
      listPath.map(read),
      operation('merge', fc.array(fc.oneof(tie('list'), tie('scalar')), { minLength: 1, maxLength: 3 })),
      operation('map', over),
      operation('filter', over),
      operation('missing', fc.array(scalarPath, { minLength: 1, maxLength: 3 })),
      operation('missing_some', fc.tuple(start, fc.array(scalarPath, { minLength: 1, maxLength: 3 }))),
    ),
    item: fc.oneof(
      fc.constant(read('')),
      ...['==', '!=', '<', '>='].map((name) => operation(name, fc.tuple(fc.constant(read('')), scalar))),
      operation('in', fc.tuple(fc.constant(read('')), fc.array(scalar, { maxLength: 3 }))),
    ),
    step: fc.constantFrom('-', 'max', 'cat').map((name) => ({ [name]: [read('accumulator'), read('current')] })),
    bucket: fc.oneof(
      fc.tuple(variant),
      fc.tuple(variant, fc.integer({ min: 0, max: 100 })),
      fc.tuple(tie('scalar'), fc.integer({ min: -2, max: 100 })),
      fc.tuple(variant, tie('scalar')),
    ),
    fractional: fc.oneof(
      operation('fractional', fc.array(tie('bucket'), { minLength: 2, maxLength: 4 })),
      operation(
        'fractional',
        fc.tuple(
          fc.oneof(tie('scalar'), fc.constant({ cat: ['seed', read('targetingKey')] })),
          tie('bucket'),
          tie('bucket'),
        ),
      ),
    ),
    rule: fc.oneof(
      tie('fractional'),
      operation('if', fc.tuple(tie('scalar'), variant)),
      operation('if', fc.tuple(tie('scalar'), variant, tie('scalar'), variant, variant)),
      operation('if', fc.tuple(tie('list'), variant, variant)),
      operation('or', fc.tuple(tie('scalar'), variant)),
      operation('and', fc.tuple(tie('scalar'), variant)),
      operation('if', fc.tuple(tie('scalar'), tie('fractional'), fc.constant(null))),
    ),
  };
});
const rules = grammar['rule'] ?? fc.constant(null);

const contexts: fc.Arbitrary<FlagdContext> = fc.record(
  {
    targetingKey: fc.oneof(
      { weight: 6, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 12 }) },
      { weight: 1, arbitrary: fc.constant('') },
    ),
    plan: scalar,
    age: fc.oneof(fc.integer({ min: 0, max: 20 }), scalar),
    email: fc.constantFrom('x@y.z', 'b', 'a@b.c'),
    flag: fc.boolean(),
    zero: fc.constant(0),
    user: fc.record(
      { name: fc.string({ maxLength: 6, unit: 'grapheme-ascii' }), tags: fc.array(scalar, { maxLength: 3 }) },
      { requiredKeys: [], noNullPrototype: true },
    ),
    tags: fc.array(fc.constantFrom('a', 'b', 'pro'), { maxLength: 3 }),
    list: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
  },
  { requiredKeys: [], noNullPrototype: true },
);
