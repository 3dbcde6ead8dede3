import { expect, test } from 'vitest';
import { freezeAt } from './freeze-window.ts';
import type { FreezeWindow } from './types.ts';

const at = (text: string): number => Date.parse(text);
const friday: FreezeWindow = {
  name: 'weekend',
  weekdays: ['friday'],
  from: '17:00',
  to: '08:00',
  timezone: 'Europe/Amsterdam',
};

test.each([
  ['2026-11-27T15:59:00Z', null],
  ['2026-11-27T16:00:00Z', '2026-11-28T07:00:00Z'],
  ['2026-11-28T06:59:00Z', '2026-11-28T07:00:00Z'],
  ['2026-11-28T07:00:00Z', null],
  ['2026-11-28T16:30:00Z', null],
])('a window over midnight belongs to the day it began on (%s)', (now, until) => {
  expect(freezeAt([friday], at(now), 'UTC')?.until ?? null).toBe(until === null ? null : at(until));
});

test('dates, alone and as ranges, freeze whole days in their timezone', () => {
  const window: FreezeWindow = { name: 'holidays', dates: ['2026-12-24..2026-12-26', '2027-01-01'], timezone: 'UTC' };
  expect(freezeAt([window], at('2026-12-23T23:59:59Z'), 'UTC')).toBeNull();
  expect(freezeAt([window], at('2026-12-24T00:00:00Z'), 'UTC')).toEqual({
    name: 'holidays',
    until: at('2026-12-27T00:00:00Z'),
  });
  expect(freezeAt([window], at('2027-01-01T12:00:00Z'), 'UTC')?.until).toBe(at('2027-01-02T00:00:00Z'));
});

test('the freeze that ends last is told', () => {
  const short: FreezeWindow = { name: 'short', from: '10:00', to: '11:00' };
  const long: FreezeWindow = { name: 'long', from: '10:00', to: '12:00' };
  expect(freezeAt([long, short], at('2026-11-24T10:30:00Z'), 'UTC')).toMatchObject({ name: 'long' });
});

test('weekdays follow the calendar over leap years', () => {
  const window: FreezeWindow = { name: 'w', weekdays: ['thursday'] };
  expect(freezeAt([window], at('2024-02-29T12:00:00Z'), 'UTC')).not.toBeNull();
  expect(freezeAt([window], at('2024-03-01T12:00:00Z'), 'UTC')).toBeNull();
});

test('an unknown timezone is refused by name', () => {
  expect(() => freezeAt([{ name: 'x', timezone: 'Mars/Base' }], 0, 'UTC')).toThrow('Mars/Base');
});
