import { describe, expect, it } from 'vitest';
import { alarmSentence, resolvableText, sayOfSignal, shareText, type SignalFacts, valueText } from './index.ts';

const FACTS: SignalFacts = {
  unit: '%',
  good: 'lower',
  value: 1.934,
  seen: true,
  usual: { low: 0.8, high: 1.21 },
  warning: null,
  critical: null,
  weeks: 4,
  episode: null,
};
const EPISODE = { direction: 'up', deviation: 0.052, lastedMs: 27 * 3_600_000 } as const;

describe('what is said of a signal', () => {
  it.each([
    [{}, 'usual', 'Usual', '1.93% now; usual at this hour is 0.8% to 1.21%.'],
    [{ value: null }, 'no-data', 'No data', 'Nothing arrived in the last 15 minutes.'],
    [{ value: null, seen: false }, 'no-data', 'Starting', 'The first value comes when five minutes of data are there.'],
    [
      { critical: 1.5 },
      'past-critical',
      'Past its limit',
      '1.93% now, past the limit of 1.5%; usual at this hour is 0.8% to 1.21%.',
    ],
    [
      { warning: 1.5, critical: 3 },
      'past-warning',
      'Past its warning',
      '1.93% now, past the warning of 1.5%; usual at this hour is 0.8% to 1.21%.',
    ],
    [
      { weeks: 0.5, usual: null },
      'learning',
      'Learning',
      '1.93% now. Belay learns what is usual; alarms can be raised in 11 days.',
    ],
    [
      { weeks: 0.5, critical: 1 },
      'past-critical',
      'Past its limit',
      '1.93% now, past the limit of 1%; usual at this hour is 0.8% to 1.21%.',
    ],
    [
      { episode: EPISODE },
      'higher',
      'Higher than usual',
      'About 5.2% higher than usual for 27 h: 1.93% now; usual at this hour is 0.8% to 1.21%.',
    ],
  ] as const)('%j is %s', (change, verdict, word, sentence) => {
    expect(sayOfSignal({ ...FACTS, ...change })).toMatchObject({ verdict, word, sentence });
  });

  it('never looks fine without data, and is good news where the way out is the good one', () => {
    expect(sayOfSignal({ ...FACTS, value: null }).tone).toBe('wait');
    expect(sayOfSignal({ ...FACTS, episode: EPISODE }).tone).toBe('bad');
    expect(sayOfSignal({ ...FACTS, episode: { ...EPISODE, direction: 'down' } }).tone).toBe('ok');
    expect(sayOfSignal({ ...FACTS, good: 'none', episode: EPISODE }).tone).toBe('wait');
  });

  it('holds limits on the side that is bad', () => {
    expect(sayOfSignal({ ...FACTS, good: 'higher', critical: 1.5 }).verdict).toBe('usual');
    expect(sayOfSignal({ ...FACTS, good: 'higher', critical: 2.5 }).verdict).toBe('past-critical');
  });
});

it('amounts are told with three digits and their unit', () => {
  expect([valueText(604.4, 'ms'), valueText(3580.4, '/min'), valueText(0.00312, 'USD'), valueText(7, '')]).toEqual([
    '604 ms',
    '3,580/min',
    '0.00312 USD',
    '7',
  ]);
  expect([shareText(0.052), shareText(0.0963), shareText(0.5), shareText(1.204)]).toEqual([
    '5.2%',
    '9.6%',
    '50%',
    '120%',
  ]);
});

it('messages are complete by themselves', () => {
  const alarm = {
    title: 'Response time, p95',
    service: 'shop',
    direction: 'up',
    deviation: 0.05,
    lastedMs: 90 * 60_000,
  } as const;
  expect(alarmSentence(alarm)).toBe('Response time, p95 of shop: about 5% higher than usual for 1 h 30.');
  expect(resolvableText(0.02, 0.052, 0.096)).toBe(
    '2% requested; this signal resolves 5.2% within a day, 9.6% within 6 h',
  );
});
