import { expect, it } from 'vitest';
import { signalInput } from '@belay/protocol';
import { draftOf, inputOf, sourceTemplates } from './signal-draft.ts';

const defined = signalInput.parse({
  title: 'Failed requests',
  kind: 'ratio',
  dimension: 'quality',
  good: 'lower',
  from: { type: 'spans', service: 'shop' },
  target: '1%',
  critical: 2,
  objective: '99%',
  alarm: true,
});

it('writes back what it has read', () => {
  expect(inputOf(draftOf('shop.errors', defined), defined)).toEqual({ input: defined });
});

it('leaves out what was emptied, and reads numbers as numbers', () => {
  const draft = { ...draftOf('x', defined), target: '', critical: '1.5' };
  expect(inputOf(draft, defined)).toEqual({
    input: expect.objectContaining({ critical: 1.5 }) as unknown,
  });
  expect(inputOf(draft, defined)).not.toHaveProperty('input.target');
});

it('says so while the source is no JSON', () => {
  expect(inputOf({ ...draftOf('x', defined), source: '{' }, null)).toEqual({ problem: 'The source is not JSON yet.' });
});

it.each(Object.entries(sourceTemplates))('the template for %s is a valid source', (_, from) => {
  expect(signalInput.safeParse({ kind: 'rate', dimension: 'quality', from }).success).toBe(true);
});
