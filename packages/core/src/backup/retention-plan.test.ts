import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BackupCopy, type BackupRetention, defaultBackupRetention } from './backup-copy.ts';
import { type ClockTrust, nextClockTrust } from './clock-trust.ts';
import { requireSafePlan } from './require-safe-plan.ts';
import { planRetention, type RetentionInput } from './retention-plan.ts';

const HOUR = 3_600_000;
const DAY = 86_400_000;
const NOW = Date.parse('2026-11-24T12:00:00Z');
const even: ClockTrust = { seenAt: NOW, evenSince: 0 };

const copyOf = (sequence: number, changed: Partial<BackupCopy> = {}): BackupCopy => ({
  backup: `bot-${sequence}`,
  source: 'bot',
  destination: 'disk',
  object: `bot/${sequence}`,
  sequence,
  takenAt: NOW - DAY,
  state: 'proven',
  reason: 'schedule',
  pins: [],
  bytes: 10,
  markedAt: null,
  ...changed,
});
/** One a day, the newest last night. */
const daily = (count: number, changed: (index: number) => Partial<BackupCopy> = () => ({})): BackupCopy[] =>
  Array.from({ length: count }, (_, index) =>
    copyOf(index + 1, { takenAt: NOW - (count - index) * DAY, ...changed(index) }),
  );
const plan = (copies: readonly BackupCopy[], changed: Partial<RetentionInput & BackupRetention> = {}) => {
  const input = {
    copies,
    retentionOf: () => ({ ...defaultBackupRetention, ...changed }),
    now: NOW,
    clock: even,
    failing: new Set<string>(),
    ...changed,
  };
  const made = planRetention(input);
  requireSafePlan(made, input);
  return made;
};
const leaving = (copies: readonly BackupCopy[], changed: Partial<RetentionInput & BackupRetention> = {}): number[] =>
  plan(copies, changed)
    .steps.filter(({ action }) => action === 'mark' || action === 'remove')
    .map(({ copy }) => copy.sequence)
    .sort((a, b) => a - b);

describe('what is kept', () => {
  test('one of each of the last days, weeks and months', () => {
    const kept = plan(daily(100), { maxShare: 1 }).steps.filter(({ action }) => action === 'keep');
    expect(kept.map(({ copy }) => new Date(copy.takenAt).toISOString().slice(5, 10))).toEqual([
      '11-23',
      '11-22',
      '11-21',
      '11-20',
      '11-19',
      '11-18',
      '11-17',
      '11-15',
      '11-08',
      '10-31',
      '09-30',
      '08-31',
    ]);
    expect(kept[0]?.because).toEqual([
      'the newest proven one',
      'the newest of its day',
      'the newest of its week',
      'the newest of its month',
    ]);
  });

  test('periods without a proven backup are not counted, so a month of failures deletes nothing', () => {
    const old = daily(10, (index) => ({ takenAt: NOW - (60 + 10 - index) * DAY }));
    const failed = daily(30, (index) => ({ sequence: 11 + index, object: `f/${index}`, state: 'bad' as const }));
    expect(leaving([...old, ...failed], { maxShare: 1 }).filter((sequence) => sequence <= 10)).toEqual([1, 2, 3]);
    expect(leaving(old, { maxShare: 1, daily: 10 })).toEqual([]);
  });

  test('the last before migrations, and what is pinned until it is released', () => {
    const few = { maxShare: 1, daily: 1, weekly: 0, monthly: 0, minProven: 1 };
    const copies = daily(8, (index) => ({ reason: index < 5 ? 'pre-migration' : 'schedule' }));
    expect(leaving(copies, few)).toEqual([1, 2, 6, 7]);
    expect(leaving(copies.with(0, { ...copies[0]!, pins: ['release:42'] }), few)).toEqual([2, 6, 7]);
  });

  test('what is newer than every proven one, because it may yet be proven', () => {
    const copies = daily(6, (index) => ({ state: index > 3 || index === 0 ? 'unproven' : 'proven' }));
    expect(leaving(copies, { maxShare: 1, daily: 1, weekly: 0, monthly: 0, minProven: 1 })).toEqual([1, 2, 3]);
  });
});

describe('what is never deleted', () => {
  const nothing = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0, preMigration: 0, maxShare: 1 };

  test('the newest proven and as many more as the minimum says, even with no rule at all', () => {
    expect(leaving(daily(6), nothing)).toEqual([1, 2, 3]);
    expect(leaving(daily(6), { ...nothing, minProven: 0 })).toEqual([1, 2, 3, 4, 5]);
  });

  test('anything, where there are too few proven ones', () => {
    const copies = daily(8, (index) => ({ state: index < 3 ? 'proven' : index < 6 ? 'bad' : 'unproven' }));
    expect(leaving(copies, nothing)).toEqual([]);
  });

  test('anything of a source whose latest backup failed', () => {
    const other = daily(6, (index) => ({ source: 'shop', object: `shop/${index}` }));
    expect(leaving([...daily(6), ...other], { ...nothing, failing: new Set(['bot']) })).toEqual([1, 2, 3]);
  });

  test('more than half in one run, the oldest first', () => {
    expect(leaving(daily(20), { ...nothing, maxShare: 0.5 })).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('a file that an entry names which is kept', () => {
    const shared = daily(6, (index) => (index === 0 || index === 5 ? { object: 'bot/same' } : {}));
    expect(leaving(shared, nothing)).toEqual([2, 3]);
    expect(leaving([...daily(6), copyOf(1, { source: 'shop' })], nothing)).toEqual([2, 3]);
  });

  test('anything at another destination for the sake of this one', () => {
    const remote = daily(3, () => ({ destination: 'bucket' }));
    expect(plan([...daily(6), ...remote], nothing).steps.filter(({ action }) => action === 'mark')).toHaveLength(3);
  });
});

describe('time', () => {
  const few = { maxShare: 1, daily: 1, weekly: 0, monthly: 0 };

  test('a copy is marked first and removed a day later', () => {
    const actions = (markedAt: number | null) =>
      plan(
        daily(4, (index) => (index === 0 ? { markedAt } : {})),
        few,
      ).steps.at(-1)?.action;
    expect([null, NOW - 1, NOW - DAY + 1, NOW - DAY, NOW + 1].map(actions)).toEqual([
      'mark',
      'keep',
      'keep',
      'remove',
      'keep',
    ]);
  });

  test('a mark is taken back when the copy is needed after all', () => {
    const copies = daily(5, (index) => (index === 0 ? { markedAt: 0 } : index > 2 ? { state: 'bad' } : {}));
    expect(plan(copies, few).steps.at(-1)).toMatchObject({ action: 'unmark' });
  });

  test('nothing goes after the clock went back or jumped', () => {
    expect(plan(daily(9), { ...few, now: NOW - 3 * DAY }).frozen).toContain('before the newest backup of bot');
    const jumped = nextClockTrust(even, { now: NOW + 365 * DAY, elapsedMs: 60_000 });
    expect(plan(daily(9), { ...few, now: NOW + 365 * DAY, clock: jumped }).frozen).toContain('not gone evenly');
    expect(leaving(daily(9), { ...few, now: NOW + 365 * DAY, clock: jumped })).toEqual([]);
    const later = { ...few, now: NOW + 366 * DAY, clock: { ...jumped, seenAt: NOW + 366 * DAY } };
    expect(leaving(daily(9), later)).not.toEqual([]);
  });

  test('small corrections, waiting and quick restarts are even; steps and long pauses are not', () => {
    const since = (now: number, elapsedMs: number | null): number => nextClockTrust(even, { now, elapsedMs }).evenSince;
    expect(since(NOW + HOUR, 59 * 60_000)).toBe(0);
    expect(since(NOW - 1000, 1000)).toBe(0);
    expect(since(NOW + 9 * DAY, 9 * DAY)).toBe(0);
    expect(since(NOW + HOUR, null)).toBe(0);
    expect(since(NOW + 2 * HOUR, null)).toBe(NOW + 2 * HOUR);
    expect(since(NOW - 2 * HOUR, 0)).toBe(NOW - 2 * HOUR);
    expect(nextClockTrust(null, { now: 5, elapsedMs: null })).toEqual({ seenAt: 5, evenSince: 5 });
  });
});

const anyCopy = fc.record({
  backup: fc.constantFrom('a', 'b', 'c', 'd'),
  source: fc.constantFrom('bot', 'shop'),
  destination: fc.constantFrom('disk', 'bucket'),
  object: fc.constantFrom(...Array.from({ length: 12 }, (_, index) => `o${index}`)),
  sequence: fc.integer({ min: 1, max: 30 }),
  takenAt: fc.integer({ min: NOW - 400 * DAY, max: NOW + 400 * DAY }),
  state: fc.constantFrom('proven', 'proven', 'unproven', 'bad'),
  reason: fc.constantFrom('schedule', 'pre-migration'),
  pins: fc.constantFrom([], [], [], ['release:1']),
  bytes: fc.nat(100),
  markedAt: fc.option(fc.integer({ min: NOW - 3 * DAY, max: NOW + DAY })),
}) satisfies fc.Arbitrary<BackupCopy>;
const anyRetention = fc.record({
  last: fc.nat(2),
  hourly: fc.nat(2),
  daily: fc.nat(3),
  weekly: fc.nat(2),
  monthly: fc.nat(2),
  yearly: fc.nat(1),
  preMigration: fc.nat(2),
  minProven: fc.nat(4),
  maxShare: fc.constantFrom(0.1, 0.5, 1),
  graceMs: fc.constantFrom(0, HOUR, DAY),
});

test('whatever the catalogue holds, the plan keeps its promises and does not depend on the order of entries', () => {
  fc.assert(
    fc.property(
      fc.array(anyCopy, { maxLength: 40 }),
      anyRetention,
      fc.integer({ min: NOW - DAY, max: NOW + 500 * DAY }),
      fc.integer({ min: 0, max: NOW }),
      (copies, retention, now, evenSince) => {
        const input = {
          copies,
          retentionOf: () => retention,
          now,
          clock: { seenAt: now, evenSince },
          failing: new Set<string>(),
        };
        const made = planRetention(input);
        requireSafePlan(made, input);
        const again = planRetention({ ...input, copies: copies.toReversed() });
        const fates = ({ steps }: typeof made) =>
          new Set(steps.map(({ copy, action }) => `${copy.destination} ${copy.object} ${action}`));
        expect(fates(again)).toEqual(fates(made));
      },
    ),
    { seed: 1, numRuns: 2000 },
  );
});

test('a plan that breaks a promise is refused before it is carried out', () => {
  const copies = daily(6);
  const input = {
    copies,
    retentionOf: () => defaultBackupRetention,
    now: NOW,
    clock: even,
    failing: new Set<string>(),
  };
  const steps = copies.map((copy) => ({ copy, action: 'mark', because: [] }) as const);
  expect(() => requireSafePlan({ frozen: null, steps, freedBytes: 0 }, input)).toThrow('the newest proven copy stays');
  expect(() => requireSafePlan({ frozen: null, steps: [], freedBytes: 0 }, input)).toThrow('covers every copy');
});
