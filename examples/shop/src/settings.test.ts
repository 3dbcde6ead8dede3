import { expect, test } from 'vitest';
import { readSettings } from './settings.ts';

test('settings have defaults', () => {
  expect(readSettings({})).toEqual({ port: 3000, databasePath: ':memory:', seed: 1, fault: 'none' });
});

test('every wrong setting is reported at once, with the value seen', () => {
  expect(() => readSettings({ PORT: 'eighty', SHOP_FAULT: 'fire' })).toThrow(
    /PORT is "eighty"[\s\S]*SHOP_FAULT is "fire"/,
  );
});
