import { describe, expect, it } from 'vitest';
import { compileFlagSet } from './compile-flag-set.ts';
import { evaluateFlag } from './evaluate-flag.ts';
import type { EvaluationContext, FlagSet } from './types.ts';

const cards = { clubs: 'clubs', diamonds: 'diamonds', hearts: 'hearts', spades: 'spades', wild: 'wild' };
const quarters = [
  ['clubs', 25],
  ['diamonds', 25],
  ['hearts', 25],
  ['spades', 25],
];
const isBallmer = { '==': ['ballmer@macrosoft.com', { var: ['email'] }] };

/** Cases of flagd's own suite (flagd-testbed, evaluator/gherkin): rule, contexts and the variant that each must get. */
const suite: readonly {
  name: string;
  flag: object;
  key?: string;
  cases: readonly [EvaluationContext, string | undefined][];
}[] = [
  {
    name: 'fractional by a nested property',
    key: 'fractional-flag',
    flag: {
      variants: cards,
      defaultVariant: 'wild',
      targeting: { fractional: [{ cat: [{ var: '$flagd.flagKey' }, { var: 'user.name' }] }, ...quarters] },
    },
    cases: [
      ['jack', 'hearts'],
      ['queen', 'spades'],
      ['ten', 'clubs'],
      ['nine', 'diamonds'],
      ['3', 'clubs'],
    ].map(([name, variant]) => [{ user: { name } }, variant]),
  },
  {
    name: 'fractional shorthand',
    key: 'fractional-flag-shorthand',
    flag: {
      variants: { heads: 1, tails: 2, draw: 3 },
      defaultVariant: 'draw',
      targeting: { fractional: [['heads'], ['tails', 1]] },
    },
    cases: [
      [{ targetingKey: 'jon@company.com' }, 'heads'],
      [{ targetingKey: 'jane@company.com' }, 'tails'],
    ],
  },
  {
    name: 'fractional with a shared seed',
    flag: {
      variants: cards,
      defaultVariant: 'wild',
      targeting: { fractional: [{ cat: ['shared-seed', { var: 'user.name' }] }, ...quarters] },
    },
    cases: [
      ['seven', 'hearts'],
      ['eight', 'diamonds'],
      ['nine', 'clubs'],
      ['two', 'spades'],
    ].map(([name, variant]) => [{ user: { name } }, variant]),
  },
  {
    name: 'fractional at the edges of the hash',
    flag: {
      variants: { lower: 1, upper: 2 },
      defaultVariant: 'lower',
      targeting: { fractional: [{ var: 'targetingKey' }, ['lower', 50], ['upper', 50]] },
    },
    cases: [
      ['ejOoVL', 'lower'],
      ['bY9fO-', 'lower'],
      ['SI7p-', 'lower'],
      ['6LvT0', 'upper'],
      ['ceQdGm', 'upper'],
    ].map(([targetingKey, variant]) => [{ targetingKey }, variant]),
  },
  {
    name: 'fractional with a computed variant',
    flag: {
      variants: { premium: 1, standard: 2, fallback: 3 },
      defaultVariant: 'fallback',
      targeting: {
        fractional: [
          { var: 'targetingKey' },
          [{ if: [{ '==': [{ var: 'tier' }, 'premium'] }, 'premium', 'standard'] }, 50],
          ['standard', 50],
        ],
      },
    },
    cases: [
      [{ targetingKey: 'jon@company.com', tier: 'premium' }, 'premium'],
      [{ targetingKey: 'jon@company.com', tier: 'basic' }, 'standard'],
      [{ targetingKey: 'user1', tier: 'premium' }, 'standard'],
    ],
  },
  {
    name: 'fractional with a computed weight',
    flag: {
      variants: { red: 1, blue: 2, fallback: 3 },
      defaultVariant: 'fallback',
      targeting: {
        fractional: [
          { var: 'targetingKey' },
          ['red', { if: [{ '==': [{ var: 'tier' }, 'premium'] }, 100, 0] }],
          ['blue', 10],
        ],
      },
    },
    cases: [
      [{ targetingKey: 'jon@company.com', tier: 'premium' }, 'red'],
      [{ targetingKey: 'jon@company.com', tier: 'basic' }, 'blue'],
      [{ targetingKey: 'user1', tier: 'basic' }, 'blue'],
    ],
  },
  {
    name: 'fractional as a condition',
    flag: {
      variants: { big: 1, small: 2 },
      defaultVariant: 'small',
      targeting: {
        if: [
          {
            fractional: [
              [false, 0],
              [true, 100],
            ],
          },
          'big',
          'small',
        ],
      },
    },
    cases: [[{ targetingKey: 'some-targeting-key' }, 'big']],
  },
  {
    name: 'fractional with one bucket',
    flag: {
      variants: { single: 1, fallback: 2 },
      defaultVariant: 'fallback',
      targeting: { fractional: [['single', 1]] },
    },
    cases: [[{}, 'single']],
  },
  {
    name: 'fractional without a bucket key',
    flag: {
      variants: { one: 1, two: 2, fallback: 3 },
      defaultVariant: 'fallback',
      targeting: { fractional: [{ var: 'missing_key' }, ['one', 50], ['two', 50]] },
    },
    cases: [[{}, 'fallback']],
  },
  {
    name: 'versions in order',
    flag: {
      variants: { equal: 1, greater: 2, lesser: 3, none: 4 },
      defaultVariant: 'none',
      targeting: {
        if: [
          { sem_ver: [{ var: 'v' }, '=', '2.0.0'] },
          'equal',
          { sem_ver: [{ var: 'v' }, '>', '2.0.0'] },
          'greater',
          { sem_ver: [{ var: 'v' }, '<', '2.0.0'] },
          'lesser',
          'none',
        ],
      },
    },
    cases: [
      [{ v: '2.0.0' }, 'equal'],
      [{ v: '2.1.0' }, 'greater'],
      [{ v: '1.9.0' }, 'lesser'],
      [{ v: '2.0.0-alpha' }, 'lesser'],
      [{ v: '2.0.0.0' }, 'none'],
    ],
  },
  {
    name: 'versions of the same major or minor',
    flag: {
      variants: { minor: 1, major: 2, none: 3 },
      defaultVariant: 'none',
      targeting: {
        if: [
          { sem_ver: [{ var: 'v' }, '~', '3.0.0'] },
          'minor',
          { sem_ver: [{ var: 'v' }, '^', '3.0.0'] },
          'major',
          'none',
        ],
      },
    },
    cases: [
      [{ v: '3.0.1' }, 'minor'],
      [{ v: '3.1.0' }, 'major'],
      [{ v: '4.0.0' }, 'none'],
    ],
  },
  {
    name: 'versions with a v, in part, with build metadata',
    flag: {
      variants: { v: 1, part: 2, build: 3, none: 4 },
      defaultVariant: 'none',
      targeting: {
        if: [
          { sem_ver: [{ var: 'a' }, '=', 'v1.0.0'] },
          'v',
          { sem_ver: [{ var: 'b' }, '^', '1'] },
          'part',
          { sem_ver: [{ var: 'c' }, '=', '1.0.0+build'] },
          'build',
          'none',
        ],
      },
    },
    cases: [
      [{ a: 'v1.0.0' }, 'v'],
      [{ a: '1.0.0' }, 'v'],
      [{ b: '1.5.0' }, 'part'],
      [{ b: '2.0.0' }, 'none'],
      [{ c: '1.0.0+other' }, 'build'],
    ],
  },
  {
    name: 'starts_with and ends_with',
    flag: {
      variants: { prefix: 1, postfix: 2, none: 3 },
      defaultVariant: 'none',
      targeting: {
        if: [{ starts_with: [{ var: 'id' }, 'abc'] }, 'prefix', { ends_with: [{ var: 'id' }, 'xyz'] }, 'postfix', null],
      },
    },
    cases: [
      [{ id: 'abcdef' }, 'prefix'],
      [{ id: 'uvwxyz' }, 'postfix'],
      [{ id: 'abcxyz' }, 'prefix'],
      [{ id: 'lmnopq' }, 'none'],
      [{ id: 123 }, 'none'],
    ],
  },
  {
    name: 'a shared evaluator',
    flag: {
      variants: { hi: 1, bye: 2 },
      defaultVariant: 'bye',
      targeting: { if: [{ $ref: 'is_ballmer' }, 'hi', 'bye'] },
    },
    cases: [
      [{ email: 'ballmer@macrosoft.com' }, 'hi'],
      [{ email: 'user@example.com' }, 'bye'],
    ],
  },
];

describe('evaluateFlag, by the cases of the flagd suite', () => {
  it.each(suite)('$name', ({ flag, key = 'f', cases }) => {
    const set = strictSet({ [key]: { state: 'ENABLED', ...flag } });
    for (const [context, variant] of cases)
      expect([context, evaluateFlag(set, key, context).variant]).toEqual([context, variant]);
  });
});

describe('evaluateFlag', () => {
  const onOff = { state: 'ENABLED', variants: { on: true, off: false } };

  it('gives the same frozen answer each time where there is no rule', () => {
    const set = strictSet({ f: { ...onOff, defaultVariant: 'off' } });
    const result = evaluateFlag(set, 'f', {});
    expect(result).toMatchObject({ value: false, variant: 'off', reason: 'STATIC' });
    expect(Object.isFrozen(result)).toBe(true);
    expect(evaluateFlag(set, 'f', { any: 'thing' })).toBe(result);
  });

  it.each([false, 0, '', {}, null])('keeps the value %j as it is', (zero) => {
    const set = strictSet({ f: { state: 'ENABLED', variants: { zero, other: 1 }, defaultVariant: 'zero' } });
    expect(evaluateFlag(set, 'f', {})).toMatchObject({ value: zero, variant: 'zero', errorCode: undefined });
  });

  it.each([
    ['a flag that is not there', 'nope', {}, 'FLAG_NOT_FOUND', 'ERROR'],
    ['a value of another type', 'f', { type: 'string' as const }, 'TYPE_MISMATCH', 'ERROR'],
    ['a disabled flag', 'off', {}, undefined, 'DISABLED'],
    ['a flag without default variant', 'bare', {}, undefined, 'DEFAULT'],
    ['a rule that names no variant of the flag', 'odd', {}, 'GENERAL', 'ERROR'],
    ['a rule that compares what cannot be compared', 'bad', {}, 'GENERAL', 'ERROR'],
  ])('leaves the value to the caller for %s', (_name, key, options, errorCode, reason) => {
    const { flags } = compileFlagSet(
      {
        flags: {
          f: { ...onOff, defaultVariant: 'on' },
          off: { ...onOff, state: 'DISABLED', defaultVariant: 'on' },
          bare: onOff,
          odd: { ...onOff, targeting: { cat: ['no', 'where'] } },
          bad: { ...onOff, targeting: { if: [{ '<': [{ var: 'plan' }, 5] }, 'on', 'off'] } },
        },
      },
      { lenient: true },
    );
    expect(flags === undefined ? flags : evaluateFlag(flags, key, { plan: 'pro' }, options)).toMatchObject({
      value: undefined,
      variant: undefined,
      errorCode,
      reason,
    });
  });

  it('tells a rule that matched from one that had nothing to say', () => {
    const set = strictSet({
      f: { ...onOff, defaultVariant: 'off', targeting: { if: [{ var: 'beta' }, 'off', null] } },
    });
    expect(evaluateFlag(set, 'f', { beta: true }).reason).toBe('TARGETING_MATCH');
    expect(evaluateFlag(set, 'f', {}).reason).toBe('DEFAULT');
  });

  it('lays the metadata of a flag over that of its set', () => {
    const { flags } = compileFlagSet({
      metadata: { team: 'shop', tier: 1 },
      flags: { f: { ...onOff, defaultVariant: 'on', metadata: { tier: 2 } } },
    });
    expect(flags === undefined ? flags : evaluateFlag(flags, 'f', {}).flagMetadata).toEqual({ team: 'shop', tier: 2 });
    expect(flags === undefined ? flags : evaluateFlag(flags, 'none', {}).flagMetadata).toEqual({
      team: 'shop',
      tier: 1,
    });
  });

  it('reads the time that it is given', () => {
    const set = strictSet({
      f: {
        ...onOff,
        defaultVariant: 'off',
        targeting: { if: [{ '>=': [{ var: '$flagd.timestamp' }, 1000] }, 'on', 'off'] },
      },
    });
    expect(evaluateFlag(set, 'f', {}, { timestamp: 1000 }).variant).toBe('on');
    expect(evaluateFlag(set, 'f', {}, { timestamp: 999 }).variant).toBe('off');
    expect(evaluateFlag(set, 'f', {}).variant).toBe('off');
  });

  it('reads a field with a dot in its name where the dot is escaped', () => {
    const set = strictSet({
      f: { ...onOff, defaultVariant: 'off', targeting: { if: [{ '==': [{ var: 'user\\.id' }, 7] }, 'on', 'off'] } },
    });
    expect(evaluateFlag(set, 'f', { 'user.id': 7 }).variant).toBe('on');
  });

  it('survives a context whose getter throws', () => {
    const set = strictSet({
      f: { ...onOff, defaultVariant: 'off', targeting: { if: [{ var: 'trap' }, 'on', 'off'] } },
    });
    const context = {
      get trap(): boolean {
        throw new Error('no');
      },
    };
    expect(evaluateFlag(set, 'f', context).errorCode).toBe('GENERAL');
  });

  it('stops a rule that would build a text beyond all reason', () => {
    const double = { cat: [{ var: 'accumulator' }, { var: 'accumulator' }] };
    const set = strictSet({
      f: {
        ...onOff,
        defaultVariant: 'off',
        targeting: { if: [{ reduce: [{ var: 'items' }, double, 'x'] }, 'on', 'off'] },
      },
    });
    expect(evaluateFlag(set, 'f', { items: Array.from({ length: 60 }, () => 1) }).errorCode).toBe('GENERAL');
  });
});

function strictSet(flags: Record<string, unknown>): FlagSet {
  const compiled = compileFlagSet({ flags, $evaluators: { is_ballmer: isBallmer } });
  if (compiled.flags === undefined) throw new Error(JSON.stringify(compiled.issues));
  return compiled.flags;
}
