import fc from 'fast-check';
import { expect, test } from 'vitest';
import { afterArrival, isLaterRelease, type IssueDecision } from './issue-state.ts';
import { judgeNewPath } from './new-path.ts';
import { parameterise } from './parameterise.ts';
import { isSpikeOver, judgeSpike } from './spike.ts';

const arrival = { newestAt: 200, release: '1.1', isLater: true, eventsSince: 5, usersSince: 2 };

test('a resolved issue comes back with a newer event, and not with an older one', () => {
  const resolved: IssueDecision = { status: 'resolved', since: 100 };
  expect(afterArrival(resolved, arrival)).toEqual({ status: 'regressed', since: 200 });
  expect(afterArrival(resolved, { ...arrival, newestAt: 100 })).toBeUndefined();
});

test('an issue resolved in the next release does not come back from instances of the old one', () => {
  const resolved: IssueDecision = { status: 'resolved', since: 100, resolvedAfterRelease: '1.0' };
  expect(afterArrival(resolved, { ...arrival, isLater: false })).toBeUndefined();
  expect(afterArrival(resolved, arrival)?.status).toBe('regressed');
});

test('an ignored issue wakes up at its time, after its events or after its users', () => {
  const ignored = (rule: Partial<IssueDecision>) => afterArrival({ status: 'ignored', since: 100, ...rule }, arrival);
  expect(ignored({})).toBeUndefined();
  expect(ignored({ ignoredUntil: 201 })).toBeUndefined();
  expect(ignored({ ignoredUntil: 200 })?.status).toBe('unresolved');
  expect(ignored({ ignoredEvents: 6 })).toBeUndefined();
  expect(ignored({ ignoredEvents: 5 })?.status).toBe('unresolved');
  expect(ignored({ ignoredUsers: 3 })).toBeUndefined();
  expect(ignored({ ignoredUsers: 2 })?.status).toBe('unresolved');
});

test('releases are ordered by version of the same package, else by when they were first seen', () => {
  const seen = (release: string, firstSeen: number) => ({ release, firstSeen });
  expect(isLaterRelease(seen('shop@1.10.0', 1), seen('shop@1.9.3', 2))).toBe(true);
  expect(isLaterRelease(seen('v1.9.3', 9), seen('1.10.0', 2))).toBe(false);
  expect(isLaterRelease(seen('4fe2a1', 9), seen('9b1c', 2))).toBe(true);
  expect(isLaterRelease(seen('a@1.0', 9), seen('b@2.0', 2))).toBe(true);
  expect(isLaterRelease(seen('', 9), seen('1.0', 2))).toBe(false);
});

const hours = (count: (hour: number) => number, length = 168) => Array.from({ length }, (_, hour) => count(hour));

test('a burst far above its own past is a spike; the usual ups and downs are not', () => {
  expect(judgeSpike({ now: 60, hours: hours(() => 3) }).isSpike).toBe(true);
  expect(judgeSpike({ now: 8, hours: hours(() => 3) }).isSpike).toBe(false);
  const daily = hours((hour) => ((hour + 1) % 24 === 0 ? 400 : 5));
  expect(judgeSpike({ now: 420, hours: daily }).isSpike).toBe(false);
  expect(judgeSpike({ now: 25, hours: hours(() => 0) }).isSpike).toBe(true);
  expect(judgeSpike({ now: 500, hours: hours(() => 1, 23) }).isSpike).toBe(false);
});

test('an earlier spike does not become the usual, and a spike ends when it is over', () => {
  const past = hours((hour) => (hour === 40 ? 5000 : 2));
  expect(judgeSpike({ now: 90, hours: past }).isSpike).toBe(true);
  expect(isSpikeOver({ now: 90, hours: past })).toBe(false);
  expect(isSpikeOver({ now: 3, hours: past })).toBe(true);
});

test('Poisson counts without any change are no spike in ten thousand hours at any rate', () => {
  const random = seeded(7);
  let alarms = 0;
  for (let round = 0; round < 10_000; round += 1) {
    const rate = [0.1, 1, 5, 20][round % 4] ?? 1;
    if (judgeSpike({ now: poisson(rate, random), hours: hours(() => poisson(rate, random), 72) }).isSpike) alarms += 1;
  }
  expect(alarms).toBe(0);
});

const counts = { newCount: 12, oldCount: 0, newUsers: 0, newUnits: 500, oldUnits: 500, wasThereBefore: false };

test('an error of the new path alone is sure once chance is ruled out', () => {
  expect(judgeNewPath(counts)).toMatchObject({ isOnlyNew: true, certainty: 'sure' });
  expect(judgeNewPath({ ...counts, newCount: 4 })).toMatchObject({ isOnlyNew: true, certainty: 'cannot-tell' });
  expect(judgeNewPath({ ...counts, newCount: 2, newUnits: 10, oldUnits: 990 }).certainty).toBe('sure');
  expect(judgeNewPath({ ...counts, oldCount: 1 }).isOnlyNew).toBe(false);
  expect(judgeNewPath({ ...counts, wasThereBefore: true }).isOnlyNew).toBe(false);
  expect(judgeNewPath({ ...counts, oldUnits: 0 })).toMatchObject({ certainty: 'cannot-tell', chance: undefined });
  expect(judgeNewPath({ ...counts, newUsers: 1 }).certainty).toBe('cannot-tell');
});

test('"sure" is wrong at most once in a hundred, however often it is looked at', () => {
  const random = seeded(11);
  let wrong = 0;
  const runs = 3000;
  for (let run = 0; run < runs; run += 1) {
    const share = 0.3;
    // Both paths have the error equally often; look after every event until the old path shows it.
    for (let newCount = 1; newCount < 200 && random() < share; newCount += 1) {
      const verdict = judgeNewPath({ ...counts, newCount, newUnits: 300, oldUnits: 700 });
      if (verdict.certainty !== 'sure') continue;
      wrong += 1;
      break;
    }
  }
  expect(wrong / runs).toBeLessThanOrEqual(0.01);
});

test('what differs between two occurrences is replaced, words stay', () => {
  expect(parameterise('timeout after 3000ms to 10.1.2.3:5432')).toBe('timeout after <number>ms to <ip>');
  expect(parameterise('no user ada@example.org (cus_4fe2A9b3)')).toBe('no user <email> (<id>)');
  expect(parameterise('GET https://x.example/a?b=1 failed: 4fe2a1b9c0 0xff')).toBe('GET <url> failed: <hex> <hex>');
  expect(parameterise('Cannot read properties of undefined (reading total)\nsecond line')).toBe(
    'Cannot read properties of undefined (reading total)',
  );
  fc.assert(fc.property(fc.string({ maxLength: 3000 }), (text) => parameterise(text).length <= 256));
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function poisson(mean: number, random: () => number): number {
  const limit = Math.exp(-mean);
  let product = random();
  let count = 0;
  while (product > limit) {
    product *= random();
    count += 1;
  }
  return count;
}
