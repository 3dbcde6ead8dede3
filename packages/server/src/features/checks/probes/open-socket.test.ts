import { expect, test } from 'vitest';
import { openSocket } from './open-socket.ts';
import type { StepWorld } from './probe-types.ts';

test('a socket whose time is up before it opens is refused, and ends nothing else', async () => {
  const world = { sockets: { current: undefined, all: new Set() }, certificate: () => undefined };
  const opening = { headers: {}, signal: AbortSignal.abort() };
  await expect(openSocket(new URL('ws://127.0.0.1:9/'), opening, world as unknown as StepWorld)).rejects.toMatchObject({
    causeWord: 'timeout',
  });
  // The error of the ended socket comes on the next turn; unheard, it would end the process.
  await new Promise((resolve) => setImmediate(resolve));
});
