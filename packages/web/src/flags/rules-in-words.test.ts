import type { FlagDefinition } from '@belay/protocol';
import { expect, it } from 'vitest';
import { rulesInWords } from './rules-in-words.ts';

const flag = (targeting?: unknown, more: Partial<FlagDefinition> = {}): FlagDefinition => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  targeting,
  ...more,
});

it.each<[string, FlagDefinition, string[]]>([
  ['no rules', flag(), ['Everybody gets “off”.']],
  ['empty rules', flag({}), ['Everybody gets “off”.']],
  [
    'switched off',
    flag(undefined, { state: 'DISABLED' }),
    ['Switched off: every service uses the default in its code.'],
  ],
  ['no default', flag(undefined, { defaultVariant: null }), ['Everybody gets the default in the code.']],
  [
    'a split',
    flag({
      fractional: [
        ['on', 1],
        ['off', 3],
      ],
    }),
    ['Users are split: 25% “on”, 75% “off”.'],
  ],
  [
    'one rule',
    flag({ if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on'] }),
    ['If plan is “pro”: “on”.', 'Everybody else gets “off”.'],
  ],
  [
    'rules and a split for the rest',
    flag({
      if: [
        { in: [{ var: 'country' }, ['DE', 'FR']] },
        'on',
        {
          fractional: [
            ['on', 20],
            ['off', 80],
          ],
        },
      ],
    }),
    ['If country is one of “DE”, “FR”: “on”.', 'Users are split: 20% “on”, 80% “off”.'],
  ],
  [
    'nested conditions',
    flag({
      if: [
        { and: [{ starts_with: [{ var: 'email' }, 'a@'] }, { sem_ver: [{ var: 'app' }, '>=', '2.1.0'] }] },
        'on',
        'off',
      ],
    }),
    ['If email starts with “a@” and version app >= “2.1.0”: “on”.', 'Everybody else gets “off”.'],
  ],
  [
    'an unknown operator',
    flag({ if: [{ own_rule: [1] }, 'on'] }),
    ['If a rule holds that only the JSON can show: “on”.', 'Everybody else gets “off”.'],
  ],
])('tells %s', (_, definition, sentences) => {
  expect(rulesInWords(definition)).toEqual(sentences);
});
