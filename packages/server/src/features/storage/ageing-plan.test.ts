import { describe, expect, test } from 'vitest';
import { planAgeing, type PlanInput, type StoredDay } from './ageing-plan.ts';
import type { RetentionPolicy } from './retention-policy.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const policy: RetentionPolicy = {
  traces: { rawDays: 3, keepDays: 30 },
  logs: { rawDays: 3, keepDays: 30 },
  metricsDays: 15,
  errorsDays: 90,
  evaluationsDays: 30,
  outcomesDays: 400,
  minutesDays: 30,
  hoursDays: 400,
  daysDays: 1830,
  services: {},
  sampling: { traces: 0.1, logs: 0.1, slowMs: 500, critical: [], services: {} },
  budgetBytes: null,
};
const day = (table: string, daysAgo: number, state = 'raw'): StoredDay => ({
  table,
  day: new Date(NOW - daysAgo * 86_400_000).toISOString().slice(0, 10),
  rows: 1000,
  bytes: 1000,
  state,
});
const plan = (days: readonly StoredDay[], changed: Partial<PlanInput> = {}) =>
  planAgeing({
    now: NOW,
    days,
    policy,
    defaultDays: () => 400,
    rolledThrough: () => Number.POSITIVE_INFINITY,
    isCompactable: () => false,
    missingBytes: 0,
    ...changed,
  }).map((step) => [step.table, step.day.slice(5), step.action, step.because]);

describe('by age', () => {
  test('days are kept raw, then thinned once, then dropped', () => {
    const days = [
      day('spans', 0),
      day('spans', 2),
      day('spans', 4),
      day('spans', 10, 'thin'),
      day('spans', 31, 'thin'),
    ];
    expect(plan(days)).toEqual([
      ['spans', '10-24', 'drop', 'age'],
      ['spans', '11-20', 'thin', 'age'],
    ]);
  });

  test('a service with a longer rule keeps its rows in a day that is thinned, and gets its turn later', () => {
    const services = { shop: { traces: { rawDays: 7 } } };
    const own = { policy: { ...policy, services } };
    expect(plan([day('spans', 4)], own)).toEqual([['spans', '11-20', 'thin', 'age']]);
    expect(plan([day('spans', 4, 'thin;shop=raw')], own)).toEqual([]);
    expect(plan([day('spans', 9, 'thin;shop=raw')], own)).toEqual([['spans', '11-15', 'thin', 'age']]);
  });

  test('nothing goes that its rollups have not seen', () => {
    expect(plan([day('spans', 5), day('m_num', 20)], { rolledThrough: () => 0 })).toEqual([]);
  });

  test('outcomes stay for as long as they can be replayed', () => {
    expect(plan([day('outcomes', 399), day('outcomes', 402)])).toEqual([['outcomes', '10-18', 'drop', 'age']]);
  });
});

describe('for the budget and the disk', () => {
  test('raw days give way first, the oldest of them first, and today never', () => {
    const days = [day('spans', 0), day('spans', 1), day('spans', 2), day('outcomes', 5), day('span_1h', 5)];
    expect(plan(days, { policy: { ...policy, budgetBytes: 4500 } })).toEqual([['spans', '11-22', 'thin', 'budget']]);
    expect(plan(days, { policy: { ...policy, budgetBytes: 10 } })).toEqual([
      ['spans', '11-22', 'drop', 'budget'],
      ['spans', '11-23', 'drop', 'budget'],
    ]);
  });

  test('then samples and points of metrics, never outcomes or sums', () => {
    const days = [
      day('spans', 20, 'thin'),
      day('m_num', 10),
      day('outcomes', 20),
      day('outcome_1m', 20),
      day('span_1d', 20),
    ];
    expect(plan(days, { missingBytes: 1500 })).toEqual([
      ['spans', '11-04', 'drop', 'disk'],
      ['m_num', '11-14', 'drop', 'disk'],
    ]);
  });
});
