import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CheckState, newCheckState, observe } from './check-state.ts';
import { isSilent } from './dead-man.ts';
import { type IncidentBook, type IncidentMessage, settle, type WatchedCheck } from './incident-book.ts';

const START = Date.UTC(2026, 0, 5);
const EVERY = 30_000;
const HOUR = 3_600_000;

interface Planned {
  readonly id: string;
  readonly letters: string;
  readonly subject?: string;
  readonly parents?: readonly string[];
  readonly offsetMs?: number;
}

/** Runs all checks side by side for their whole length; a `-` is a run that never came. */
function play(plans: readonly Planned[], restarts = false): IncidentMessage[] {
  const states = new Map<string, CheckState>(plans.map(({ id }) => [id, newCheckState]));
  const told: IncidentMessage[] = [];
  let book: IncidentBook = {};
  const rounds = Math.max(...plans.map(({ letters }) => letters.length));
  for (let now = START; now < START + rounds * EVERY; now += 10_000) {
    for (const { id, letters, offsetMs = 0 } of plans) {
      const since = now - START - offsetMs;
      const letter = since >= 0 && since % EVERY === 0 ? letters[since / EVERY] : undefined;
      if (letter === undefined || letter === '-') continue;
      const ok = letter === 'P';
      states.set(id, observe(states.get(id) ?? newCheckState, { at: now, ok, cause: ok ? null : 'refused' }));
    }
    const checks = new Map<string, WatchedCheck>(
      plans.map(({ id, subject = id, parents = [] }) => [
        id,
        { id, subject, parents, state: states.get(id) ?? newCheckState },
      ]),
    );
    const settled = settle(book, { checks, now });
    book = restarts ? (JSON.parse(JSON.stringify(settled.book)) as IncidentBook) : settled.book;
    told.push(...settled.messages);
  }
  return told;
}

const kinds = (messages: readonly IncidentMessage[]): string[] => messages.map(({ kind }) => kind);

test('an outage is told once, and its end', () => {
  const outage = `PPPP${'F'.repeat(20)}${'P'.repeat(10)}`;
  expect(kinds(play([{ id: 'a', letters: outage }]))).toEqual(['down', 'ended']);
  expect(kinds(play([{ id: 'a', letters: outage }], true))).toEqual(['down', 'ended']);
});

test('ten instances with the same trouble make one message', () => {
  const letters = `PPPP${'F'.repeat(20)}${'P'.repeat(10)}`;
  const plans = Array.from({ length: 10 }, (_, index) => ({ id: `db@${index}`, subject: 'db', letters }));
  expect(kinds(play(plans))).toEqual(['down', 'ended']);
});

test('the trouble of a parent explains that of its children, whichever is seen first', () => {
  const letters = `PPPP${'F'.repeat(30)}${'P'.repeat(20)}`;
  for (const offsetMs of [0, 10_000, 20_000]) {
    const told = play([
      { id: 'login', letters, parents: ['db'], offsetMs: 20_000 - offsetMs },
      { id: 'chat', letters, parents: ['login'], offsetMs: 20_000 - offsetMs },
      { id: 'db', letters, offsetMs },
    ]);
    expect(told.filter(({ page }) => page).map(({ incident }) => incident.checkIds)).toEqual([['db']]);
  }
});

test('a child that stays down after its parent is well is told of', () => {
  const told = play([
    { id: 'db', letters: `PPPP${'F'.repeat(10)}${'P'.repeat(60)}` },
    { id: 'login', letters: `PPPP${'F'.repeat(60)}PPPPPPPPPP`, parents: ['db'] },
  ]);
  const pages = told.filter(({ page }) => page);
  expect(pages.map(({ incident }) => incident.checkIds)).toEqual([['db'], ['login']]);
});

test('an incident that goes on is told again twice, hourly', () => {
  const told = play([{ id: 'a', letters: `PP${'F'.repeat((5 * HOUR) / EVERY)}` }]);
  expect(kinds(told)).toEqual(['down', 'reminder', 'reminder']);
});

test('flapping is told once, then there is silence until it is stable', () => {
  const told = play([{ id: 'a', letters: `PP${'FP'.repeat(300)}${'P'.repeat(40)}` }]);
  expect(kinds(told).filter((kind) => kind !== 'reminder')).toEqual(['flapping', 'ended']);
});

test('a ring of dependencies does not hang, and does not mute for ever', () => {
  const letters = `PPPP${'F'.repeat(30)}`;
  const told = play([
    { id: 'a', letters, parents: ['b'] },
    { id: 'b', letters, parents: ['a'] },
    { id: 'own', letters, parents: ['own', 'missing'] },
  ]);
  expect(told.filter(({ page }) => page).map(({ incident }) => incident.checkIds)).toContainEqual(['own']);
});

test('silence counts from when somebody began to listen', () => {
  const beat = { lastAt: START, everyMs: 30_000 };
  expect(isSilent(beat, { now: START + 90_000, watchedSince: 0 })).toBe(false);
  expect(isSilent(beat, { now: START + 90_001, watchedSince: 0 })).toBe(true);
  expect(isSilent(beat, { now: START + 31_536_000_000, watchedSince: START + 31_535_999_000 })).toBe(false);
});

test('property: one page an outage, whatever the phases of its checks are', () => {
  const outage = fc.record({ good: fc.integer({ min: 65, max: 120 }), bad: fc.integer({ min: 6, max: 200 }) });
  fc.assert(
    fc.property(fc.array(outage, { minLength: 1, maxLength: 3 }), fc.constantFrom(0, 10_000, 20_000), (outages, by) => {
      const letters = `${outages.map(({ good, bad }) => 'P'.repeat(good) + 'F'.repeat(bad)).join('')}${'P'.repeat(12)}`;
      const told = play([
        { id: 'db', letters },
        { id: 'db@2', subject: 'db', letters, offsetMs: by },
        { id: 'api', letters, parents: ['db', 'db@2'], offsetMs: 20_000 - by },
      ]);
      const pages = told.filter(({ page }) => page);
      expect(pages).toHaveLength(outages.length);
      expect(pages.every(({ incident }) => !incident.checkIds.includes('api'))).toBe(true);
    }),
    { seed: 6, numRuns: 30 },
  );
});

test('in a ring of dependencies neither explains the other', () => {
  const letters = `PPPP${'F'.repeat(20)}`;
  const ring = [
    { id: 'a', letters, parents: ['b'] },
    { id: 'b', letters, parents: ['a'] },
    { id: 'c', letters, parents: ['a'] },
  ];
  expect(play(ring).map(({ kind, incident }) => [kind, incident.checkIds])).toEqual([
    ['down', ['a']],
    ['down', ['b']],
  ]);
});
