import type { SignalView } from '@belay/protocol';
import { expect, test } from 'vitest';
import { ownSignalFindings } from './doctor-own-signals.ts';

const signal: SignalView = {
  id: 'belay.ingest-lag',
  version: 1,
  title: 'Until telemetry is stored',
  service: 'belay',
  kind: 'gauge',
  unit: 's',
  good: 'lower',
  dimension: 'latency',
  owner: null,
  origin: 'starter',
  source: 'metric',
  target: null,
  warning: null,
  critical: null,
  current: { at: 0, value: 0.3, text: '0.3 s' },
  usual: { low: 0.1, expected: 0.2, high: 0.25, text: '0.1 s to 0.25 s' },
  verdict: 'higher',
  word: 'Higher than usual',
  tone: 'bad',
  sentence: '',
  resolvable: null,
  sparkline: [],
  alarm: null,
  history: { since: 0, weeks: 4 },
  problem: null,
};

test('what is not as usual warns, with now beside usual and what mends it', () => {
  expect(ownSignalFindings([signal])).toEqual([
    {
      name: 'Own: Until telemetry is stored',
      ok: false,
      isWarning: true,
      detail: '0.3 s now, usual is 0.1 s to 0.25 s (higher than usual)',
      mend: expect.stringContaining('give more'),
    },
  ]);
});

test('a limit that somebody set is broken, not only unusual', () => {
  const [finding] = ownSignalFindings([{ ...signal, verdict: 'past-critical', word: 'Past its limit' }]);
  expect(finding).toMatchObject({ ok: false, isWarning: false });
});

test('what is learning, lower than usual or of no concern is fine', () => {
  const others = (['usual', 'lower', 'learning', 'no-data'] as const).map((verdict) => ({ ...signal, verdict }));
  for (const other of others) expect(ownSignalFindings([other])).toMatchObject([{ ok: true }]);
  expect(ownSignalFindings([{ ...signal, usual: null, verdict: 'learning', word: 'Learning' }])[0]?.detail).toBe(
    '0.3 s now, usual is not known yet (learning)',
  );
  expect(ownSignalFindings([{ ...signal, id: 'belay.traffic' }])).toMatchObject([{ name: 'Own signals', ok: true }]);
});
