import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { AgentEvent } from '../../examples/agent-events/src/agent-event.ts';
import { type AgentService, startAgentService } from '../../examples/agent-events/src/service.ts';
import { type Viewer, watchRun } from '../../examples/agent-events/src/viewer.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'belay-agent-events-'));
const open: { server: Server; agents: AgentService }[] = [];
const viewers: Viewer[] = [];

async function start(port = 0): Promise<{ port: number; agents: AgentService; stop: () => Promise<void> }> {
  const server = createServer();
  const agents = await startAgentService(server, path.join(folder, 'events.db'));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const running = { server, agents };
  open.push(running);
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('no port');
  const stop = async (): Promise<void> => {
    open.splice(open.indexOf(running), 1);
    await agents.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { port: address.port, agents, stop };
}

afterEach(async () => {
  for (const viewer of viewers) viewer.stop();
  for (const { server, agents } of open.splice(0)) {
    await agents.close();
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

it('shows the five events of an agent once, in order, over a restart, and tells that they were seen', async () => {
  const first = await start();
  const seen: AgentEvent[] = [];
  const watch = { name: 'ann', run: 'r', show: (event: AgentEvent) => void seen.push(event) };
  viewers.push(watchRun(`ws://127.0.0.1:${first.port}/connection/websocket`, watch));
  await first.agents.run('r', 'count these four words');
  await expect.poll(() => first.agents.confirmed('r', 'ann')).toBe(5);
  await first.stop();
  const second = await start(first.port);
  // A run that is begun again tells nothing twice.
  await second.agents.run('r', 'count these four words');
  await second.agents.run('other', 'x');
  const late: AgentEvent[] = [];
  viewers.push(
    watchRun(`ws://127.0.0.1:${second.port}/connection/websocket`, {
      ...watch,
      name: 'bob',
      show: (event) => void late.push(event),
    }),
  );
  await expect.poll(() => second.agents.confirmed('r', 'bob')).toBe(5);
  expect(seen.map(({ kind }) => kind)).toEqual([
    'agent_started',
    'agent_thinking',
    'tool_executing',
    'tool_completed',
    'agent_completed',
  ]);
  expect(seen.at(-1)).toEqual({ kind: 'agent_completed', answer: 'The task has 4 words.' });
  expect(late).toEqual(seen);
  expect(second.agents.confirmed('r', 'ann')).toBe(5);
});
