import { expect, test } from 'vitest';
import type { GuardReading } from '../../statistics/engine-types.ts';
import { draftOf } from '../draft.ts';
import { next } from '../next.ts';
import { ann, engineReading, guardReading, planOf } from '../rollout-samples.ts';
import type { PlanGuard, RolloutState, TickEvent } from '../types.ts';
import { guardWords, type GuardContext, type GuardWords } from './guard-words.ts';
import { duration, limitText, nameOfShare, quantity, units } from './numbers.ts';
import {
  harmWords,
  planPolicySentences,
  planSentence,
  policySentences,
  proofSentences,
  shortStageSentence,
  soundness,
  stageSentence,
  tradeOff,
  undoSentence,
} from './page-words.ts';
import { nextWords, verdictBanner, type RolloutFacts } from './rollout-words.ts';
import { policy } from '../rollout-samples.ts';

const plan = planOf({
  title: 'Semantic cache for /chat',
  guards: [
    { signal: 'http.errors', worse_by: '1pp' },
    { signal: 'http.latency' },
    { signal: 'llm.cost', worse_by: '5%', title: 'Cost per answer' },
    { signal: 'order.revenue', worse_by: '3%', worse: 'down', title: 'Revenue' },
    { signal: 'http.ceiling' },
  ],
});
const [errors, latency, cost, revenue, ceiling] = plan.guards as readonly [
  PlanGuard,
  PlanGuard,
  PlanGuard,
  PlanGuard,
  PlanGuard,
];
const calm: GuardContext = {
  engine: engineReading(),
  plannedShare: 0.1,
  neededUnits: 20,
  etaMs: null,
  neverDecides: false,
};
const say = (guard: PlanGuard, change: Partial<GuardReading>, context: Partial<GuardContext> = {}): string => {
  const words = guardWords(guard, guardReading(change), { ...calm, ...context });
  return `${words.word}: ${words.sentence}`;
};
const ms = { kind: 'latency', unit: 'milliseconds', tolerance: 40 } as const;
const relative = { kind: 'value', unit: 'relative', tolerance: 0.05 } as const;

test('every verdict has its sentence', () => {
  const split = engineReading({ srmBroken: true, srm: { canary: 130, control: 870, expectedCanary: 100 } });
  expect([
    say(errors, { interval: { low: -0.004, high: 0.0074 } }),
    say(errors, { verdict: 'harmful', interval: { low: 0.011, high: 0.068 }, estimate: 0.04 }),
    say(errors, { interval: { low: -0.01, high: 0.032 } }, { etaMs: 360_000 }),
    say(errors, { interval: { low: -0.01, high: 0.032 } }, { neverDecides: true }),
    say(errors, { verdict: 'no-data', canary: { n: 7, bad: 0, distinctBad: 0 } }),
    say(errors, {}, { engine: split }),
    say(latency, { ...ms, interval: { low: -69, high: -44 }, estimate: -57 }),
    say(latency, { ...ms, interval: { low: -12, high: 31 } }),
    say(latency, { ...ms, verdict: 'harmful', interval: { low: 52, high: 180 }, estimate: 90 }),
    say(latency, { ...ms, verdict: 'harmful', interval: null, estimate: 90 }),
    say(cost, { ...relative, interval: { low: 0.001, high: 0.058 }, estimate: 0.029 }, { etaMs: 360_000 }),
    say(cost, { ...relative, verdict: 'harmful', interval: { low: 0.21, high: 0.29 }, estimate: 0.25 }),
    say(cost, { ...relative, interval: { low: -0.22, high: -0.18 }, estimate: -0.2 }),
    say(revenue, {
      ...relative,
      tolerance: -0.03,
      verdict: 'harmful',
      interval: { low: -0.2, high: -0.06 },
      estimate: -0.1,
    }),
    say(revenue, { ...relative, tolerance: -0.03, interval: { low: 0.01, high: 0.09 }, estimate: 0.05 }),
    say(revenue, { ...relative, tolerance: -0.03, interval: { low: -0.02, high: 0.09 }, estimate: 0.05 }),
    say(ceiling, { kind: 'ceiling', interval: null, controlLevel: 0.1, verdict: 'safe' }),
    say(ceiling, {
      kind: 'ceiling',
      interval: null,
      controlLevel: 0.1,
      verdict: 'harmful',
      canary: { n: 50, bad: 20, distinctBad: 20 },
    }),
  ]).toMatchInlineSnapshot(`
    [
      "Not worse: At most 0.74 points higher. Your limit is 1.0.",
      "Worse: 1.1 to 6.8 points higher. Your limit is 1.0.",
      "Can't tell yet: Between 1.0 points lower and 3.2 points higher. Limit 1.0. About 6 min more.",
      "Can't tell yet: Between 1.0 points lower and 3.2 points higher. Limit 1.0. This traffic will not tell.",
      "No data yet: 7 of 20 requests needed before judging.",
      "Can't trust this: Split is 13%, should be 10%. Held until it is explained.",
      "Better: 44 to 69 ms faster.",
      "Not worse: At most 31 ms slower. Your limit is 40 ms.",
      "Worse: 52 to 180 ms slower. Your limit is 40 ms.",
      "Worse: Past your limit of 40 ms.",
      "Can't tell yet: Between 0.1% and 5.8% dearer. Limit 5%. About 6 min more.",
      "Worse: 21% to 29% dearer. Your limit is 5%.",
      "Better: 18% to 22% cheaper.",
      "Worse: 6.0% to 20% lower. Your limit is 3%.",
      "Better: 1.0% to 9.0% higher.",
      "Not worse: At most 2.0% lower. Your limit is 3%.",
      "Not worse: 0.50% of requests fail. The ceiling is 10.0%.",
      "Worse: 40.0% of requests fail, above the ceiling. The ceiling is 10.0%.",
    ]
  `);
});

test('on the shared axis right is worse and the limit is 1, whatever is good', () => {
  const down = guardWords(
    revenue,
    guardReading({ ...relative, tolerance: -0.03, interval: { low: -0.06, high: 0.03 }, estimate: -0.015 }),
    calm,
  );
  expect(down.scaled?.low).toBeCloseTo(-1);
  expect(down.scaled?.high).toBeCloseTo(2);
  expect(down.scaled?.estimate).toBeCloseTo(0.5);
});

const clockTime = (at: number, precision: 'second' | 'minute'): string =>
  new Date(at).toISOString().slice(11, precision === 'second' ? 19 : 16);
const T0 = Date.parse('2026-11-24T14:12:00Z');
const wordsOf = (change: Partial<GuardReading>): ReadonlyMap<string, GuardWords> =>
  new Map(plan.guards.map((guard) => [guard.id, guardWords(guard, guardReading({ id: guard.id, ...change }), calm)]));
const facts = (change: Partial<RolloutFacts> = {}): RolloutFacts => ({
  now: T0 + 35_000,
  reading: engineReading(),
  guards: wordsOf({}),
  etaMs: null,
  frozen: null,
  undoneAt: null,
  clockTime,
  ...change,
});
const begun = next(draftOf(plan), { type: 'start', actor: ann, frozen: null }, T0).state;
const tick = (change: Partial<TickEvent>): TickEvent => ({
  type: 'tick',
  reading: engineReading(),
  flow: 'flowing',
  frozen: null,
  ...change,
});
const harmed = next(begun, tick({ reading: engineReading({ rollbackNow: true }) }), T0 + 35_000).state;

test('the banner says what is known in every state', () => {
  const line = (state: RolloutState, change: Partial<RolloutFacts> = {}): string => {
    const { tone, headline, detail } = verdictBanner(state, facts(change));
    return `[${tone}] ${headline} ${detail}`;
  };
  const open = new Map(
    [...wordsOf({})].map(([id, words]) => [
      id,
      id === 'llm.cost' ? { ...words, verdict: 'cant-tell' as const } : words,
    ]),
  );
  const held = next(begun, { type: 'hold', actor: ann, reason: 'lunch' }, T0 + 9000).state;
  const blind = { ...begun, noData: { since: T0, cause: 'no-telemetry' as const } };
  const bad = wordsOf({ verdict: 'harmful', interval: { low: 0.011, high: 0.068 }, estimate: 0.04 });
  const byHand = next(begun, { type: 'rollback', actor: ann, reason: null }, T0 + 35_000).state;
  const trip = { service: 'chat', instance: 'chat-1', units: 12, errors: 12, reason: 'x' };
  expect([
    line(draftOf(plan)),
    line(begun, { reading: null }),
    line(begun),
    line(begun, { guards: open, etaMs: 840_000 }),
    line(begun, { reading: engineReading({ wallet: 40 }) }),
    line(blind),
    line(held),
    line(harmed, { guards: bad }),
    line(harmed, { guards: bad, undoneAt: T0 + 37_000 }),
    line(byHand, { undoneAt: T0 + 36_000 }),
    line(next(begun, { type: 'trip', trip }, T0 + 35_000).state),
    line({
      ...begun,
      status: 'completed',
      ending: {
        code: 'kept',
        at: T0 + 600_000,
        actor: ann,
        reason: null,
        stage: 3,
        share: 1,
        guard: null,
        second: 1,
        trip: null,
      },
    }),
  ]).toMatchInlineSnapshot(`
    [
      "[none] Nothing has gone out yet. Start it when you are ready.",
      "[live] Just started. 1% of users get the new path; the first outcomes are on their way.",
      "[live] Nothing is worse so far. All 5 guards have ruled out harm.",
      "[live] Nothing is worse so far. 4 of 5 guards have ruled out harm. Cost per answer needs about 14 min more of traffic.",
      "[wait] Failed requests may be getting worse. Not going on until it is clear; past the limit it rolls back by itself.",
      "[wait] Nothing can be judged right now. No outcomes arrive, so nothing can be judged; instances return to the old path by themselves. Resume when they arrive again.",
      "[wait] Held at 1% since 14:12:09. ann: lunch",
      "[bad] Rolled back by itself at 14:12:35, 35 s into 1%. Failed requests rose by 1.1 to 6.8 points, past your limit of 1.0. The old path is on its way back to every instance.",
      "[bad] Rolled back by itself at 14:12:35, 35 s into 1%. Failed requests rose by 1.1 to 6.8 points, past your limit of 1.0. Everyone is back on the old path since 14:12:37.",
      "[bad] Rolled back by ann at 14:12:35, 35 s into 1%. Everyone is back on the old path since 14:12:36.",
      "[bad] Rolled back by itself at 14:12:35, 35 s into 1%. chat-1 cut the new path off itself: 12 of 12 requests failed there. The old path is on its way back to every instance.",
      "[ok] Kept: everybody has the new path. Nothing got worse while it went out; complete since 14:22:00. It took 10 min.",
    ]
  `);
});

test('what comes next is told with its time and condition', () => {
  expect([
    nextWords(begun, facts()),
    nextWords(begun, facts({ frozen: { name: 'audit', until: T0 + 3_600_000 } })),
    nextWords(harmed, facts()),
    nextWords({ ...harmed, cause: 'x' }, facts({ now: T0 + 7_200_000 })),
  ]).toMatchInlineSnapshot(`
    [
      {
        "at": 1795530155000,
        "condition": "if nothing gets worse; earlier once all 5 guards have ruled out harm",
        "label": "Next, by itself",
        "what": "10% at about 14:22",
      },
      {
        "at": 1795533120000,
        "condition": "audit.",
        "label": "Frozen",
        "what": "Nothing goes on before 15:12",
      },
      {
        "at": 1795533155000,
        "condition": "once the cause is named",
        "label": "Can try again",
        "what": "from 15:12",
      },
      {
        "at": 1795533155000,
        "condition": "after a 1 h cool-down",
        "label": "Can try again",
        "what": "now",
      },
    ]
  `);
});

test('the cards beside the verdict', () => {
  expect([
    harmWords(begun, { low: -8, best: 12, high: 37.2 }, 0.0612),
    harmWords(harmed, { low: 6, best: 22, high: 38 }, 0.1),
    harmWords(begun, null, 0.1),
    undoSentence({ ms: 1800, confirmed: 6, instances: 6 }, 30_000),
    undoSentence({ ms: null, confirmed: 0, instances: 3 }, 30_000),
    soundness(begun, engineReading()),
    soundness(begun, engineReading({ srmBroken: true, srm: { canary: 130, control: 870, expectedCanary: 100 } })),
    tradeOff(
      plan,
      new Map([
        ['latency', { ...wordsOf({}).get('latency')!, verdict: 'better' }],
        [
          'llm.cost',
          {
            ...wordsOf({ interval: { low: 0.001, high: 0.06 }, estimate: 0.04, tolerance: 0.05, unit: 'relative' }).get(
              'llm.cost',
            )!,
            verdict: 'cant-tell',
          },
        ],
      ]),
    ),
    stageSentence(begun, 0, (at) => clockTime(at, 'minute')),
    stageSentence(begun, 1, (at) => clockTime(at, 'minute')),
    stageSentence(harmed, 1, (at) => clockTime(at, 'minute')),
  ]).toMatchInlineSnapshot(`
    [
      {
        "headline": "at most 37",
        "ifShipped": {
          "text": "Shipped to everyone at the start",
          "value": 605,
        },
        "sub": "more than the old path would have had",
        "title": "Harm so far",
        "unit": "failed requests",
      },
      {
        "headline": "about 22",
        "ifShipped": {
          "text": "Shipped to everyone at the start",
          "value": 220,
        },
        "sub": "between 6 and 38 more than the old path",
        "title": "Harm done",
        "unit": "failed requests",
      },
      {
        "headline": "none measured",
        "ifShipped": null,
        "sub": "no requests compared yet",
        "title": "Harm so far",
        "unit": "",
      },
      "6 of 6 instances confirmed the old path in 1.8 s.",
      "3 instances would be told at once. If Belay goes away, each returns by itself in 30 s.",
      {
        "text": "Measurement is sound: split 10.0% planned, 10.0% seen. No telemetry gap.",
        "tone": "ok",
      },
      {
        "text": "The measurement cannot be trusted: split 10.0% planned, 13.0% seen.",
        "tone": "wait",
      },
      {
        "text": "Response time is better, but cost per answer may be worse. Past its limit this rolls back even so.",
        "tone": "wait",
      },
      "since 14:12 · 0 requests",
      "needs all guards to rule out harm, or time",
      "not reached",
    ]
  `);
});

test('plans and policies in words', () => {
  expect([
    planSentence(plan),
    ...planPolicySentences(plan),
    ...policySentences({ ...policy, minimumSoakMs: 60_000 }),
    ...proofSentences(plan.stages[1]!, {
      unitsPerMinute: 60,
      rises: [
        { rise: { fold: 5 }, seconds: 2820 },
        { rise: { fold: 2 }, seconds: Infinity },
      ],
    }),
    ...proofSentences(plan.stages[1]!, {
      unitsPerMinute: 2280,
      rises: [
        { rise: { rate: 0.05 }, seconds: 18 },
        { rise: { rate: 0.01 }, seconds: 95 },
      ],
    }),
    shortStageSentence(plan.stages[1]!, { rise: { fold: 5 }, seconds: 2820 }),
  ]).toMatchInlineSnapshot(`
    [
      "1% -> 10% -> 50% -> 100%, about 1 h 10, 5 guards",
      "One change at a time on checkout.v2.",
      "A stage ends early once every guard has ruled out harm, otherwise after its time.",
      "A guard past its limit rolls back at once.",
      "A harmless change is taken back by mistake in at most 1% of attempts.",
      "Without data for 15 min it is held, never promoted.",
      "After a rollback it cools down for 1 h, 4 times longer after each further one; 3 attempts at most.",
      "If Belay goes away, instances return to the old path in 60 s.",
      "Profile balanced: A stage ends early once harm is ruled out, otherwise after its time.",
      "One change at a time per component.",
      "A harmless change is taken back by mistake in at most 1% of attempts.",
      "No stage is shorter than 60 s in production.",
      "After a rollback a change cools down for 1 h, then 4 times longer; 3 attempts at most.",
      "No freeze windows.",
      "At your 60 requests/min a five-fold rise of failures is provable in about 47 min at 10%.",
      "A two-fold rise of failures lies within the limit, so it is let through.",
      "At your 2,280 requests/min a rise to 5% of requests failing is provable in about 18 s at 10%.",
      "A rise to 1% of requests failing takes about 2 min.",
      "10% lasts 20 min, but the proof of a five-fold rise of failures takes about 47 min; hold 10% at least that long, or start larger.",
    ]
  `);
});

test('numbers read as people write them', () => {
  expect([
    units(5043),
    units(1234567),
    nameOfShare(0.005),
    nameOfShare(1),
    quantity(0.74, 'points'),
    quantity(44, 'ms'),
    limitText(1, 'points'),
    limitText(0.13, 'points'),
    limitText(5, 'percent'),
    duration(40_000),
    duration(720_000),
    duration(4_200_000),
    duration(86_400_000 * 3),
  ]).toEqual([
    '5,043',
    '1,234,567',
    '0.5%',
    '100%',
    '0.74 points',
    '44 ms',
    '1.0',
    '0.13',
    '5%',
    '40 s',
    '12 min',
    '1 h 10',
    '3 days',
  ]);
});

test('no word of statistics reaches the screen', () => {
  const everything = [
    verdictBanner(harmed, facts()),
    nextWords(begun, facts()),
    planPolicySentences(plan),
    soundness(begun, engineReading()),
  ];
  expect(JSON.stringify(everything)).not.toMatch(/p-value|significan|canary|treatment|\bSRM\b|alpha|e-value/i);
});

test('a guard that is safe enough for the stage never says "not worse" while its band crosses the limit', () => {
  const told = say(cost, { ...relative, verdict: 'safe', interval: { low: -0.07, high: 0.092 }, estimate: -0.04 });
  expect(told).toBe(
    "Can't tell yet: Between 7.0% cheaper and 9.2% dearer. Limit 5%. Harm that matters at this share is ruled out.",
  );
});
