// node src/main.ts "a task of some words": an agent works, a viewer shows its steps, and the agent learns that they were seen.
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { startAgentService } from './service.ts';
import { watchRun } from './viewer.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'agent-events-'));
const server = createServer();
const agents = await startAgentService(server, path.join(folder, 'events.db'));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
const port = typeof address === 'object' ? address?.port : undefined;
const viewer = watchRun(`ws://127.0.0.1:${port}/connection/websocket`, {
  name: 'ann',
  run: 'run-1',
  show: (event) => console.log(event),
});
await agents.run('run-1', process.argv[2] ?? 'count the words of this task');
while (agents.confirmed('run-1', 'ann') < 5) await delay(20);
console.log('Ann has seen all five events.');
viewer.stop();
await agents.close();
server.close();
rmSync(folder, { recursive: true, force: true });
