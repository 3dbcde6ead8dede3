import { expect, test } from 'vitest';
import { queryText } from './query.ts';

const empty = {
  query: 'x',
  start: Date.UTC(2026, 0, 1),
  stepSeconds: 60,
  points: 4,
  series: [],
  seriesFound: 0,
  unit: 's',
  warnings: [],
  suggestions: [],
  stats: { samples: 0, seriesRead: 0, tookMs: 0 },
};

test('each series is a line with its last value, its range and how it went', () => {
  const series = [
    { name: 'up{job="a"}', labels: {}, values: [1, null, 3, 2] },
    { name: 'up{job="b"}', labels: {}, values: [null, null, null, null] },
    { name: 'up{job="c"}', labels: {}, values: [0.00000001, 12345.678, 12345.678, 1e15] },
  ];
  expect(queryText({ ...empty, series })).toBe(
    [
      'series       last       least     mean       most',
      'up{job="a"}  2          1         2          3          ▁ █▅',
      'up{job="b"}  -          -         -          -',
      'up{job="c"}  1.000e+15  1.000e-8  2.500e+14  1.000e+15  ▁▁▁█',
      '2026-01-01T00:00:00.000Z to 2026-01-01T00:03:00.000Z, a point every 60 s, in s',
    ].join('\n'),
  );
});

test('no series says so', () => {
  expect(queryText(empty)).toContain('Nothing was measured');
});
