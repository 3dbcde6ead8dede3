import { expect, it } from 'vitest';
import { newFlagText, readDraft } from './flag-draft.ts';

it('accepts the flag the page starts with', () => {
  expect(readDraft(newFlagText)).toMatchObject({ definition: { state: 'ENABLED', defaultVariant: 'off' }, issues: [] });
});

it.each([
  ['{', '', 'This is not JSON'],
  ['[]', '', 'Write one JSON object'],
  ['{"state":"on","variants":{"a":1}}', 'state', 'Seen: "on"'],
  ['{"state":"ENABLED","variants":{}}', 'variants', 'Name at least one variant'],
  ['{"state":"ENABLED","variants":{"a":1,"b":"x"}}', 'variants', 'different types: number, string'],
  ['{"state":"ENABLED","variants":{"a":1},"defaultVariant":"b"}', 'defaultVariant', 'Choose one of "a"'],
  ['{"state":"ENABLED","variants":{"a":1},"defaultVariant":"toString"}', 'defaultVariant', 'Choose one of "a"'],
])('names the mistake in %s', (text, path, says) => {
  const { definition, issues } = readDraft(text);
  expect(definition).toBeNull();
  expect(issues).toContainEqual({ path, text: expect.stringContaining(says) });
});

it('names all mistakes at once', () => {
  expect(readDraft('{"state":1}').issues.map((issue) => issue.path)).toEqual(['state', 'variants']);
});
