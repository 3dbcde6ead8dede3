import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createBlockClock } from './block-clock.ts';

it('holds the second of a commit open until the commit has ended', async () => {
  let now = 10_500;
  const blocks = createBlockClock({ clock: { now: () => now }, notBeforeSecond: 0 });
  const commit = Promise.withResolvers<void>();
  const ended = blocks.during(0, () => commit.promise);
  now = 15_000;
  expect(blocks.closedThrough()).toBe(9);
  commit.resolve();
  await ended;
  expect(blocks.closedThrough()).toBe(14);
});

it('never writes into a second that was told to be closed, however the clock jumps', async () => {
  const step = fc.record({
    jumpMs: fc.integer({ min: -7_200_000, max: 7_200_000 }),
    commits: fc.boolean(),
    fails: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(20_000), async (steps, notBeforeSecond) => {
      let now = 20_000_000;
      const blocks = createBlockClock({ clock: { now: () => now }, notBeforeSecond });
      let closed = notBeforeSecond;
      let last = 0;
      for (const { jumpMs, commits, fails } of steps) {
        now = Math.max(0, now + jumpMs);
        if (commits) {
          const written = blocks.during(0, (block) =>
            fails ? Promise.reject(new RangeError()) : Promise.resolve(block),
          );
          const block = await written.catch(() => last);
          if (!fails) expect(block).toBeGreaterThan(closed);
          expect(block).toBeGreaterThanOrEqual(last);
          last = block;
        }
        const next = blocks.closedThrough();
        expect(next).toBeGreaterThanOrEqual(closed);
        closed = next;
      }
    }),
    { seed: 9 },
  );
});
