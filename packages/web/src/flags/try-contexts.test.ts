import { expect, it } from 'vitest';
import { readContexts } from './try-contexts.ts';

it('makes one context a line, each user once', () => {
  expect(readContexts(' a \n\nb\na', '{"country":"DE"}')).toEqual({
    contexts: [
      { country: 'DE', targetingKey: 'a' },
      { country: 'DE', targetingKey: 'b' },
    ],
    issue: null,
  });
});

it('says what is wrong with the attributes instead of guessing', () => {
  for (const text of ['{', '[]', '3'])
    expect(readContexts('a', text)).toMatchObject({ contexts: [], issue: expect.stringContaining('JSON object') });
});

it('never asks for more than the server takes', () => {
  expect(readContexts(Array.from({ length: 300 }, (_, n) => `u${n}`).join('\n'), '').contexts).toHaveLength(100);
});
