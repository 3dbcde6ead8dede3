import type { LogTailEvent } from '@belay/protocol';
import { type Client, createClient } from '@belay/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LogsTestbed, openLogsTestbed } from './logs-testbed.ts';

let bed: LogsTestbed;
let client: Client;
beforeAll(async () => {
  bed = await openLogsTestbed();
  client = createClient({ baseUrl: bed.server.url, token: bed.token });
}, 60_000);
afterAll(() => bed.close());

/** Reads until enough lines came; says the id of the last block. */
async function follow(
  q: string,
  lines: number,
  options: { readonly lastEventId?: string; readonly onOpen?: () => void } = {},
) {
  const stop = new AbortController();
  const bodies: string[] = [];
  let lastId: string | null = null;
  const take = (event: LogTailEvent, id: string | null): void => {
    lastId = id;
    if (event.type !== 'lines') return;
    bodies.push(...event.lines.map(({ body }) => body));
    if (bodies.length >= lines) stop.abort();
  };
  await client.tailLogs({ filter: { q }, signal: stop.signal, onEvent: take, ...options }).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return { bodies, lastId: lastId ?? '' };
}

test('lines are sent as they arrive, and what came meanwhile when the reader is back', async () => {
  const send = (body: string) =>
    bed.send([
      { body, at: Date.now() },
      { body: 'other', at: Date.now() },
    ]);
  const first = await follow('wanted', 1, { onOpen: () => void send('wanted one') });
  expect(first.bodies).toEqual(['wanted one']);
  await send('wanted two');
  const second = await follow('wanted', 1, { lastEventId: first.lastId });
  expect(second.bodies).toEqual(['wanted two']);
});

test('a query that cannot be read is answered as an error', async () => {
  await expect(follow('"open', 1)).rejects.toMatchObject({
    problem: { code: 'request.invalid', issues: [{ path: 'q' }] },
  });
});
