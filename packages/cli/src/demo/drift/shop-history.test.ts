import { median } from '@belay/core/baseline';
import { expect, test } from 'vitest';
import { createShopHistory, SLOT_MS } from './shop-history.ts';

const FROM = Date.UTC(2026, 0, 5);
const WEEK_SLOTS = 7 * 288;
const story = { seed: 7, from: FROM, changedAt: FROM + WEEK_SLOTS * SLOT_MS, slower: 0.05 };

function weekOf(history: ReturnType<typeof createShopHistory>) {
  return Array.from({ length: WEEK_SLOTS }, () => history.next()).flat();
}

test('the same seed and times tell the same story', () => {
  const [one, same] = [createShopHistory(story), createShopHistory(story)];
  expect(weekOf(one)).toEqual(weekOf(same));
  expect(createShopHistory({ ...story, seed: 8 }).next()).not.toEqual(createShopHistory(story).next());
});

test('from the change on requests take 5% longer, and nothing else changes', () => {
  const history = createShopHistory(story);
  const before = weekOf(history);
  const after = weekOf(history);
  const typical = (requests: typeof before): number => median(requests.map(({ durationMs }) => durationMs));
  expect(Math.abs(typical(after) / typical(before) - 1.05)).toBeLessThan(0.02);
  expect(after.length / before.length).toBeCloseTo(1, 1);
  expect(before.every(({ startMs }) => startMs >= FROM && startMs < story.changedAt)).toBe(true);
  expect(new Set(before.map(({ traceId }) => traceId)).size).toBe(before.length);
  expect(before.every(({ traceId, spanId }) => /^[0-9a-f]{32}$/.test(traceId) && /^[0-9a-f]{16}$/.test(spanId))).toBe(
    true,
  );
});
