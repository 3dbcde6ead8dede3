import { FlagdCore, MemoryStorage } from '@openfeature/flagd-core';
import type { EvaluationContext as FlagdContext } from '@openfeature/core';
import { describe, expect, it } from 'vitest';
import { compileFlagSet } from './compile-flag-set.ts';
import { evaluateFlag } from './evaluate-flag.ts';

interface Difference {
  readonly name: string;
  readonly targeting: unknown;
  readonly context?: FlagdContext;
  readonly flagd: string;
  readonly belay: string;
}

/** Every row of the table in docs/explanation/flagd-differences.md. An answer is a variant, or an error code. */
const differences: readonly Difference[] = [
  {
    name: 'a key outside ASCII is hashed by its UTF-8 bytes, as flagd itself does',
    targeting: { fractional: [{ var: 'targetingKey' }, ['on', 1], ['off', 1]] },
    context: { targetingKey: 'zoë-1' },
    flagd: 'on',
    belay: 'off',
  },
  {
    name: 'cat writes nothing for an absent value, not "null"',
    targeting: { if: [{ '==': [{ cat: ['a', { var: 'nothing' }] }, 'a'] }, 'on', 'off'] },
    flagd: 'off',
    belay: 'on',
  },
  {
    name: 'cat of one absent value is an empty text, not an error',
    targeting: { if: [{ '===': [{ cat: [{ var: 'nothing' }] }, ''] }, 'on', 'off'] },
    flagd: 'off',
    belay: 'on',
  },
  {
    name: 'flagd operators work within map, filter and their like',
    targeting: { if: [{ some: [{ var: 'tags' }, { starts_with: [{ var: '' }, 'b'] }] }, 'on', 'off'] },
    context: { tags: ['beta'] },
    flagd: 'GENERAL',
    belay: 'on',
  },
  {
    name: 'all over an absent list is false, as over an empty one',
    targeting: { if: [{ all: [{ var: 'nothing' }, { '>': [{ var: '' }, 1] }] }, 'on', 'off'] },
    flagd: 'on',
    belay: 'off',
  },
  {
    name: 'a product over an absent list starts with what the rule says',
    targeting: {
      if: [{ reduce: [{ var: 'nothing' }, { '*': [{ var: 'accumulator' }, { var: 'current' }] }, 1] }, 'on'],
    },
    flagd: 'off',
    belay: 'on',
  },
  {
    name: 'one bucket needs no targeting key',
    targeting: { fractional: [['on', 1]] },
    flagd: 'off',
    belay: 'on',
  },
  {
    name: 'a bucket key that is a list is no key',
    targeting: { fractional: [{ var: 'bucket' }, ['off', 0]] },
    context: { targetingKey: 'u', bucket: ['on', 1] },
    flagd: 'on',
    belay: 'off',
  },
  {
    name: 'an absent value is in no text',
    targeting: { if: [{ in: [{ var: 'nothing' }, 'annulled null'] }, 'on', 'off'] },
    flagd: 'on',
    belay: 'off',
  },
  {
    name: 'properties of functions and prototypes cannot be read',
    targeting: { if: [{ '==': [{ var: 'constructor.name' }, 'Object'] }, 'on', 'off'] },
    flagd: 'on',
    belay: 'off',
  },
  {
    name: 'an error in a constant part that is not reached does no harm',
    targeting: { if: [{ var: 'nothing' }, { '+': ['not a number'] }, 'on'] },
    flagd: 'PARSE_ERROR',
    belay: 'on',
  },
  {
    name: 'the further operators of the engine that flagd-core uses are refused',
    targeting: { if: [{ '??': [{ var: 'nothing' }, true] }, 'on', 'off'] },
    flagd: 'on',
    belay: 'PARSE_ERROR',
  },
];

describe('where Belay differs from @openfeature/flagd-core 4.0.1', () => {
  it.each(differences)('$name', ({ targeting, context = {}, ...expected }) => {
    const definition = {
      flags: {
        f: { state: 'ENABLED', variants: { on: 'on', off: 'off' }, defaultVariant: 'off', targeting },
      },
    };
    expect({ flagd: answerOfFlagd(definition, context), belay: answerOfBelay(definition, context) }).toEqual({
      flagd: expected.flagd,
      belay: expected.belay,
    });
  });

  it('evaluators may refer to each other in any order', () => {
    const definition = {
      $evaluators: { first: { '==': [{ var: 'plan' }, 'pro'] }, second: { and: [{ $ref: 'first' }, true] } },
      flags: {
        f: {
          state: 'ENABLED',
          variants: { on: 'on', off: 'off' },
          defaultVariant: 'off',
          targeting: { if: [{ $ref: 'second' }, 'on', 'off'] },
        },
      },
    };
    expect(answerOfFlagd(definition, { plan: 'pro' })).toBe('PARSE_ERROR');
    expect(answerOfBelay(definition, { plan: 'pro' })).toBe('on');
  });

  it('a flag without a valid state fails alone, not with the whole set', () => {
    const definition = {
      flags: {
        f: { state: 'ENABLED', variants: { on: 'on' }, defaultVariant: 'on' },
        g: { state: 'PAUSED', variants: { on: 'on' }, defaultVariant: 'on' },
      },
    };
    expect(() => answerOfFlagd(definition, {})).toThrow();
    expect(answerOfBelay(definition, {})).toBe('on');
    expect(answerOfBelay({ flags: { f: definition.flags.g } }, {})).toBe('PARSE_ERROR');
  });
});

function answerOfFlagd(definition: unknown, context: FlagdContext): string | undefined {
  const core = new FlagdCore(new MemoryStorage(silent), silent);
  core.setConfigurations(JSON.stringify(definition));
  const result = core.resolveStringEvaluation('f', 'unused', context, silent);
  return result.errorCode ?? result.variant;
}

function answerOfBelay(definition: unknown, context: FlagdContext): string | undefined {
  const { flags } = compileFlagSet(definition, { lenient: true });
  if (flags === undefined) throw new Error('the definition is readable');
  const result = evaluateFlag(flags, 'f', context, { type: 'string' });
  return result.errorCode ?? result.variant;
}

const silent = { error: ignore, warn: ignore, info: ignore, debug: ignore };
function ignore(): void {
  // flagd-core reports every odd rule; the comparison is of answers.
}
