import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BackupSource } from './backup-settings.ts';
import { createSchedule } from './schedule.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 24, 12);

beforeEach(() => void vi.useFakeTimers({ now: NOW }));
afterEach(() => void vi.useRealTimers());

const source: BackupSource = {
  name: 'bot',
  database: { engine: 'sqlite', path: '/bot.db' },
  isOwn: false,
  schedule: '17 * * * *',
  destinations: [],
  invariants: [],
  smoke: null,
  deadlineMs: HOUR,
  maxAgeMs: HOUR,
  autoRestore: { isEnabled: false, maxLossMs: 0 },
};

test('a clock that was days ahead and is set back does not put off the next backup', async () => {
  let aheadMs = 7 * 24 * HOUR;
  const started: number[] = [];
  const clock = { now: () => Date.now() + aheadMs };
  const schedule = createSchedule({
    settings: { sources: [source], timezone: 'UTC', jitterMs: 0 },
    clock,
    log: { info: () => undefined, error: () => undefined },
    leases: async () => [],
    start: async () => void started.push(clock.now()),
    lastAt: async () => clock.now(),
    random: () => 0,
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(schedule.nextAt('bot')).toBe(NOW + aheadMs + 17 * 60_000);
  aheadMs = 0;
  await vi.advanceTimersByTimeAsync(2 * HOUR);
  expect(started).toEqual([NOW + HOUR + 17 * 60_000]);
  schedule.close();
});
