import type { LogTailOptions } from '@belay/client';
import type { LogLine } from '@belay/protocol';
import { expect, test } from 'vitest';
import { createOutput } from '../output.ts';
import type { Run } from '../run.ts';
import { logsFollow } from './logs-follow.ts';

const line = (body: string) =>
  ({
    at: 0,
    level: 'info',
    service: 'shop',
    body,
    bodyRest: 0,
    attributes: { a: 'x y' },
    traceId: null,
  }) as unknown as LogLine;

/** A run whose server sends these events, one connection after the other. */
function runOf(connections: readonly ((options: LogTailOptions) => void)[], isJson = false) {
  const printed = { stdout: '', ids: [] as (string | null | undefined)[] };
  let at = 0;
  const run = {
    output: createOutput({
      stdout: { write: (text) => (printed.stdout += text) },
      stderr: { write: () => true },
      isJson,
      hasColour: false,
    }),
    world: { interrupted: new AbortController().signal },
    api: async () => ({
      tailLogs: async (options: LogTailOptions) => {
        printed.ids.push(options.lastEventId);
        connections[at]?.(options);
        at += 1;
      },
    }),
  } as unknown as Run;
  return { run, printed };
}

test('lines are printed as they arrive, and a new connection goes on where the last one ended', async () => {
  const { run, printed } = runOf([
    ({ onEvent }) => onEvent({ type: 'lines', lines: [line('one')] }, '17'),
    ({ onEvent }) => onEvent({ type: 'lines', lines: [line('two\u001B[2J'), line('three')] }, '18'),
  ]);
  expect(await logsFollow(run, { json: false, debug: false, lines: 2 }, 'shop')).toBe(0);
  expect(printed.stdout).toBe(
    '1970-01-01T00:00:00.000Z info  shop one a="x y"\n1970-01-01T00:00:00.000Z info  shop two\uFFFD[2J a="x y"\n',
  );
  expect(printed.ids).toEqual([null, '17']);
});

test('with --json there is one document at the end', async () => {
  const { run, printed } = runOf([({ onEvent }) => onEvent({ type: 'lines', lines: [line('one')] }, '1')], true);
  await logsFollow(run, { json: true, debug: false, lines: 1 });
  expect(JSON.parse(printed.stdout)).toMatchObject({ lines: [{ body: 'one' }] });
});
