import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InputIssue } from '../error.ts';
import { compileFlagSet } from './compile-flag-set.ts';
import { evaluateFlag } from './evaluate-flag.ts';

const variants = { on: true, off: false };
const base = { state: 'ENABLED', variants, defaultVariant: 'off' };
const nested = (depth: number): unknown => (depth === 0 ? true : { '!': [nested(depth - 1)] });

describe('compileFlagSet', () => {
  it.each([
    [
      'an unknown operator',
      { ...base, targeting: { if: [{ regex: ['a'] }, 'on'] } },
      'flags.f.targeting.if.0',
      'regex',
    ],
    [
      'two operators in one rule',
      { ...base, targeting: { '==': [1, 1], '!=': [1, 2] } },
      'flags.f.targeting',
      '==, !=',
    ],
    ['a rule that is no object', { ...base, targeting: 'on' }, 'flags.f.targeting', '"on"'],
    ['an unknown variant in a branch', { ...base, targeting: { if: [true, 'om'] } }, 'flags.f.targeting.if.1', '"om"'],
    [
      'an unknown variant in a bucket',
      {
        ...base,
        targeting: {
          fractional: [
            ['on', 1],
            ['of', 9],
          ],
        },
      },
      'flags.f.targeting.fractional.1.0',
      '"of"',
    ],
    ['an unknown default variant', { ...base, defaultVariant: 'maybe' }, 'flags.f.defaultVariant', '"maybe"'],
    [
      'weights that overflow',
      {
        ...base,
        targeting: {
          fractional: [
            ['on', 2_000_000_000],
            ['off', 2_000_000_000],
          ],
        },
      },
      'flags.f.targeting.fractional',
      'more than 2147483647',
    ],
    [
      'one weight that overflows',
      {
        ...base,
        targeting: {
          fractional: [
            ['on', 1e12],
            ['off', 1],
          ],
        },
      },
      'flags.f.targeting.fractional',
      'more than 2147483647',
    ],
    [
      'a weight with a fraction',
      {
        ...base,
        targeting: {
          fractional: [
            ['on', 0.5],
            ['off', 1],
          ],
        },
      },
      'flags.f.targeting.fractional.0',
      '["on",0.5]',
    ],
    [
      'a bucket that is no list',
      { ...base, targeting: { fractional: [['on', 1], 'off'] } },
      'flags.f.targeting.fractional.1',
      '"off"',
    ],
    ['a state of another name', { ...base, state: 'enabled' }, 'flags.f.state', '"enabled"'],
    ['no variants', { ...base, variants: {}, defaultVariant: null }, 'flags.f.variants', '{}'],
    ['metadata that is no simple value', { ...base, metadata: { owner: ['me'] } }, 'flags.f.metadata.owner', '["me"]'],
    ['a reference to nothing', { ...base, targeting: { $ref: 'nobody' } }, 'flags.f.targeting', 'nobody'],
    ['a rule nested too deeply', { ...base, targeting: { if: [nested(200), 'on'] } }, undefined, 'more than 64 levels'],
    [
      'a version comparison of another name',
      { ...base, targeting: { if: [{ sem_ver: [{ var: 'v' }, '===', '1.0.0'] }, 'on'] } },
      'flags.f.targeting.if.0.sem_ver.1',
      '===',
    ],
    [
      'a version that is none',
      { ...base, targeting: { if: [{ sem_ver: [{ var: 'v' }, '=', 'one'] }, 'on'] } },
      'flags.f.targeting.if.0.sem_ver.2',
      'one',
    ],
    [
      'a comparison of one value',
      { ...base, targeting: { if: [{ '==': [1] }, 'on'] } },
      'flags.f.targeting.if.0.==',
      '1 arguments',
    ],
    ['a flag that is no object', 7, 'flags.f', '7'],
  ])('refuses %s, naming the place, the value seen and the mend', (_name, flag, path, seen) => {
    const { flags, issues = [] } = compileFlagSet({ flags: { f: flag } });
    expect(flags).toBeUndefined();
    const found = path === undefined ? issues[0] : issues.find((issue) => issue.path === path);
    expect(found?.seen).toBe(seen);
    for (const issue of issues) expect(issue.mend ?? '').not.toBe('');
  });

  it.each([null, [], 'flags', { flags: [] }, {}])('refuses %j, which is no flagd document, even leniently', (input) => {
    expect(compileFlagSet(input, { lenient: true }).issues).toHaveLength(1);
  });

  it('refuses evaluators that refer to each other in a circle, and names the circle', () => {
    const $evaluators = { a: { '!': [{ $ref: 'b' }] }, b: { '!': [{ $ref: 'a' }] } };
    const issues = issuesOf({ $evaluators, flags: { f: { ...base, targeting: { if: [{ $ref: 'a' }, 'on'] } } } });
    expect(issues.map((issue) => issue.seen)).toEqual(['a -> b -> a']);
  });

  it('refuses references that unfold into a rule of millions of parts, without unfolding them', () => {
    const levels = Array.from({ length: 40 }, (_nothing, level) => [
      `e${level}`,
      level === 0 ? { var: 'x' } : { and: [{ $ref: `e${level - 1}` }, { $ref: `e${level - 1}` }] },
    ]);
    const issues = issuesOf({
      $evaluators: Object.fromEntries(levels),
      flags: { f: { ...base, targeting: { if: [{ $ref: 'e39' }, 'on'] } } },
    });
    expect(issues[0]?.message).toBe('the rule is too large');
  });

  it('reports everything that is wrong at once', () => {
    const issues = issuesOf({ flags: { a: { ...base, state: 'on' }, b: { ...base, targeting: { nope: [] } } } });
    expect(issues.map((issue) => issue.path)).toEqual(['flags.a.state', 'flags.b.targeting']);
  });

  it('keeps the good flags of a set with a bad one when lenient', () => {
    const definition = { flags: { good: base, bad: { ...base, targeting: { nope: [] } } } };
    const { flags } = compileFlagSet(definition, { lenient: true });
    if (flags === undefined) throw new Error('expected a set');
    expect(evaluateFlag(flags, 'good', {}).variant).toBe('off');
    expect(evaluateFlag(flags, 'bad', {})).toMatchObject({ value: undefined, errorCode: 'PARSE_ERROR' });
    expect(flags.issues.map((issue) => issue.path)).toEqual(['flags.bad.targeting']);
  });

  it('is not changed by later changes to the definition', () => {
    const value = { nested: ['a'] };
    const { flags } = compileFlagSet({
      flags: { f: { state: 'ENABLED', variants: { v: value }, defaultVariant: 'v' } },
    });
    value.nested.push('b');
    expect(flags === undefined ? flags : evaluateFlag(flags, 'f', {}).value).toEqual({ nested: ['a'] });
  });

  it('never throws, whatever it is given', () => {
    const json = fc.jsonValue({ maxDepth: 5 });
    const flag = fc.record({
      state: fc.constantFrom('ENABLED', 'DISABLED', 'x'),
      variants: json,
      defaultVariant: json,
      targeting: json,
    });
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), flag),
        fc.dictionary(fc.string(), json),
        json,
        (flags, context, $evaluators) => {
          const compiled = compileFlagSet({ flags, $evaluators }, { lenient: true }).flags;
          for (const key of Object.keys(flags)) if (compiled !== undefined) evaluateFlag(compiled, key, context);
        },
      ),
      { seed: 5, numRuns: 1000 },
    );
  });
});

function issuesOf(definition: unknown): readonly InputIssue[] {
  return compileFlagSet(definition).issues ?? [];
}
