import type { GuardView, RolloutView } from '@belay/protocol';
import { expect, test } from 'vitest';
import { rolloutText } from './rollout-text.ts';

const guard: GuardView = {
  id: 'errors',
  kind: 'errors',
  title: 'Failed checkouts',
  sentence: '1.1 to 6.8 points higher. Your limit is 1.0.',
  verdict: 'worse',
  word: 'Worse',
  unit: 'points',
  interval: { low: 1.1, high: 6.8, estimate: 3.9 },
  limit: 1,
  scaled: { low: 1.1, high: 6.8, estimate: 3.9 },
  progress: null,
  etaMs: null,
  neverDecides: false,
  canary: { n: 400, bad: 18, mean: null },
  control: { n: 3600, bad: 22, mean: null },
  harmE: 140,
  safeE: 1,
};
const stage = {
  index: 0,
  share: 0.1,
  status: 'now',
  startedAt: 1,
  endedAt: null,
  soakMs: 20_000,
  elapsedMs: 12_000,
  minUnits: 200,
  canaryUnits: 90,
  approval: 'none',
  sentence: '',
} as const;
const view: RolloutView = {
  id: 'r1',
  number: 7,
  version: 3,
  title: 'Checkout, second version',
  flagKey: 'checkout.v2',
  component: 'shop',
  controlVariant: 'off',
  canaryVariant: 'on',
  status: 'running',
  word: 'Going out',
  tone: 'live',
  share: 0.1,
  reached: 0.1,
  attempt: 1,
  startedBy: null,
  createdAt: 0,
  startedAt: 0,
  endedAt: null,
  sentence: 'S',
  extraFailures: null,
  allowed: ['hold'],
  profile: 'fast',
  verdict: { tone: 'wait', headline: "Can't tell yet.", detail: '' },
  next: { label: 'Next', what: 'to 50%', condition: 'when proven', at: null },
  held: null,
  leadingGuard: 'errors',
  stages: [stage, { ...stage, index: 1, share: 0.5, status: 'todo', elapsedMs: 0, canaryUnits: 0 }],
  guards: [
    guard,
    { ...guard, id: 'cost', title: 'Cost', verdict: 'no-data', word: 'No data yet', scaled: null, sentence: '' },
  ],
  tradeOff: null,
  soundness: { tone: 'ok', text: 'Measurement is sound.' },
  harm: {
    title: 'Harm so far',
    headline: 'at most 37',
    unit: 'failed requests',
    sub: '',
    extraFailures: null,
    ifShipped: null,
  },
  undo: {
    ms: null,
    instancesConfirmed: 0,
    instances: 3,
    measuredAt: null,
    leaseMs: 6000,
    sentence: 'Not measured yet.',
  },
  happened: [],
  policy: [],
  details: {
    seed: 's',
    bucketing: 'flagd-v2',
    alpha: 0.01,
    wallet: 49,
    rollbackAt: 100,
    holdAt: 10,
    plannedShare: 0.1,
    seenShare: null,
    dispersion: 1,
    sampleRatioE: 1,
    revision: 4,
    lastBlock: null,
    blocks: 0,
  },
  updatedAt: 0,
};

test('a rollout is drawn with the words of its page, and right is worse on one axis for all guards', () => {
  expect(rolloutText(view, { paint: (_, text) => text })).toMatchInlineSnapshot(`
    "#7 Checkout, second version  Going out  10%
    checkout.v2: off → on

    Can't tell yet.
    Next: to 50% when proven

    ▶ 10% (12 s of 20 s, 90 of 200 requests)  ─  · 50%

    guard                          same    limit       verdict
    Failed checkouts                 ┊       ━━━━━━━●  ■ Worse        1.1 to 6.8 points higher. Your limit is 1.0.
    Cost                             ┊       ╎         ○ No data yet
    Measurement is sound.

    Harm so far: at most 37 failed requests
    Undo: Not measured yet."
  `);
});
