import type { TraceSpan, TraceView } from '@belay/protocol';
import { expect, test } from 'vitest';
import { createOutput } from '../output.ts';
import { waterfall } from './traces-show.ts';

const output = createOutput({
  stdout: { write: () => true },
  stderr: { write: () => true },
  isJson: false,
  hasColour: false,
});
const span = (name: string, depth: number, startMs: number, durationMs: number, rest: Partial<TraceSpan> = {}) =>
  ({ service: 'shop', name, depth, startMs, durationMs, isError: false, statusMessage: '', ...rest }) as TraceSpan;

test('a trace is drawn with bars where its spans lie', () => {
  const trace = {
    traceId: 'a'.repeat(32),
    startAt: 0,
    durationMs: 100,
    total: 3,
    errors: 1,
    logs: 2,
    notes: ['A span is missing.'],
    spans: [
      span('GET /cart', 0, 0, 100),
      span('SELECT', 1, 25, 50),
      span('late', 1, 99.99, 0, { isError: true, statusMessage: 'gone' }),
    ],
  } as unknown as TraceView;
  expect(waterfall(trace, output)).toMatchInlineSnapshot(`
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  1970-01-01T00:00:00.000Z  100.0 ms, 3 spans, 1 errors, 2 log lines
    note: A span is missing.
    span            took      when
    shop GET /cart  100.0 ms  ########################################
      shop SELECT   50.0 ms   ..........####################..........
      shop late     0.0 ms    .......................................#  ! gone"
  `);
});
