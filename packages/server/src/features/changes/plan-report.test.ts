import { planRollout } from '@belay/core/rollout';
import { expect, test } from 'vitest';
import { policy } from './changes-testbed.ts';
import { planReport } from './plan-report.ts';
import type { History } from './start-attempt.ts';

const planned = planRollout(
  { flag: 'a', stages: [{ to: '10%', soak: '10m' }, { to: '100%' }] },
  { key: 'a', variants: ['off', 'on'], defaultVariant: 'off', state: 'ENABLED', p95Ms: null },
  policy,
);

test('the proof is told as a multiple of the failures that the old path has', () => {
  const { sentences, warnings } = tell({ errorRate: 0.02, unitsPerMinute: 60 });
  expect(sentences[0]).toMatch(
    /^At your 60 requests\/min a five-fold rise of failures is provable in about .+ at 10%\.$/,
  );
  expect(sentences[1]).toMatch(/^A two-fold rise of failures takes about /);
  expect(warnings[0]).toMatch(/^10% lasts 10 min, but the proof of a five-fold rise .* hold 10% at least that long/);
});

test('for a path that never fails it is told as a share of requests, and never as impossible', () => {
  const { sentences } = tell({ errorRate: 0, unitsPerMinute: 2400 });
  expect(sentences[0]).toMatch(/^At your 2,400 requests\/min a rise to 5% of requests failing is provable in about /);
  expect(sentences[1]).toMatch(/^A rise to 1% of requests failing takes about /);
});

test('more traffic proves sooner, so that the warning goes', () => {
  expect(tell({ errorRate: 0.02, unitsPerMinute: 60_000 }).warnings).toEqual([]);
});

test('without a minute of traffic no time is told', () => {
  expect(tell({ errorRate: 0, unitsPerMinute: null }).sentences).toEqual([
    'This flag has less than a minute of traffic on record, so no time can be told yet.',
  ]);
});

function tell(past: { readonly errorRate: number; readonly unitsPerMinute: number | null }) {
  if (planned.plan === undefined) throw new Error('the plan of this test is valid');
  const history: History = {
    baseline: { errorRate: past.errorRate, duration: [], values: {} },
    unitsPerMinute: past.unitsPerMinute,
    p95Ms: null,
  };
  const { stages, warnings } = planReport(planned.plan, history, []);
  return { sentences: stages[0]?.sentences ?? [], warnings };
}
