import { expect, test } from 'vitest';
import type { Transport } from '../transport.ts';
import { createHealthReporter } from './health-reporter.ts';
import type { CheckedResult } from './types.ts';

const result = (name: string, outcome: 'pass' | 'fail'): CheckedResult => ({
  name,
  title: name,
  critical: false,
  dependsOn: [],
  outcome,
  cause: outcome === 'fail' ? 'failed' : null,
  text: '',
  mend: null,
  value: null,
  unit: null,
  durationMs: 1,
});

/** Answers when told to; what arrived is kept. */
function gate(): { transport: Transport; sent: string[]; answer(status: number): Promise<void> } {
  const sent: string[] = [];
  const waiting: ((status: number) => void)[] = [];
  const transport = {
    exchange: ({ body }: { body: Buffer }) => {
      const { checks } = JSON.parse(body.toString()) as { checks: CheckedResult[] };
      sent.push(checks.map(({ name, outcome }) => `${name}:${outcome}`).join(' '));
      return new Promise((resolve) => waiting.push((status) => resolve({ status, body: Buffer.alloc(0) })));
    },
    close: () => undefined,
  };
  const answer = async (status: number): Promise<void> => {
    waiting.shift()?.(status);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { transport: transport as unknown as Transport, sent, answer };
}

test('nothing is told twice or left out, whatever comes while a report is on its way', async () => {
  const { transport, sent, answer } = gate();
  const warn = (): void => undefined;
  const reporter = createHealthReporter({ transport, service: 's', instance: 'i', version: null, everyMs: 1, warn });
  reporter.send('periodic', [result('a', 'pass')]);
  reporter.send('periodic', [result('a', 'fail'), result('b', 'pass')]);
  reporter.send('periodic', [result('b', 'fail')]);
  await answer(200);
  expect(sent).toEqual(['a:pass', 'a:fail b:fail']);
  await answer(503);
  reporter.send('periodic', [result('a', 'pass')]);
  expect(sent[2]).toBe('a:pass b:fail');
  await answer(200);
  expect(sent).toHaveLength(3);
});
