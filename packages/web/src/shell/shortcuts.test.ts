import { expect, it } from 'vitest';
import { createShortcutReader, type KeyPress } from './shortcuts.ts';

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  withModifier: false,
  withAlt: false,
  inField: false,
  at: 0,
  ...more,
});
const reader = (on = true) => createShortcutReader({ singleKeys: () => on });

it.each([
  ['r', 'rollback'],
  ['R', 'rollback'],
  ['h', 'hold'],
  ['j', 'next'],
  ['?', 'help'],
  ['/', 'search'],
  ['e', 'resolve'],
  ['x', 'select'],
])('%s asks for %s', (key, name) => {
  expect(reader()(press(key))).toBe(name);
});

it('goes places with g and a second key, within a moment', () => {
  const read = reader();
  expect([read(press('g')), read(press('c', { at: 300 }))]).toEqual([null, 'go-changes']);
  expect([read(press('g', { at: 500 })), read(press('k', { at: 700 }))]).toEqual([null, 'go-checks']);
  expect([read(press('g', { at: 1000 })), read(press('e', { at: 1300 }))]).toEqual([null, 'go-errors']);
  expect([read(press('g', { at: 5000 })), read(press('f', { at: 9000 }))]).toEqual([null, null]);
});

it('stays silent inside fields, with Alt, and when single keys are off', () => {
  expect(reader()(press('r', { inField: true }))).toBeNull();
  expect(reader()(press('r', { withAlt: true }))).toBeNull();
  expect(reader(false)(press('r'))).toBeNull();
});

it('never takes the browser’s own shortcuts such as reload', () => {
  expect(reader()(press('r', { withModifier: true }))).toBeNull();
});

it('opens the palette from anywhere, fields too', () => {
  expect(reader(false)(press('k', { withModifier: true, inField: true }))).toBe('palette');
});
