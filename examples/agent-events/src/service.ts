import type { Server } from 'node:http';
import { ChannelRpcError, type ChannelServer, openSqliteLog, startChannelServer } from '@belay/node/channel';
import Database from 'better-sqlite3';
import { type AgentEvent, channelOf } from './agent-event.ts';

/** Runs agents and tells everybody who watches what they do. */
export interface AgentService {
  /** Works on a task; each step is stored before the next begins, so a crash loses no step that was told. */
  run(run: string, task: string): Promise<void>;
  /** Up to which event a viewer has shown a run; 0 for none. Kept beside the events, so it survives a restart. */
  confirmed(run: string, viewer: string): number;
  close(): Promise<void>;
}

/** Starts the service on an HTTP server, with its events in a file. */
export async function startAgentService(server: Server, file: string): Promise<AgentService> {
  const log = openSqliteLog({ database: new Database(file) });
  const receipts = openReceipts(`${file}.receipts`);
  const channel = await startChannelServer({
    server,
    log,
    authenticate: ({ token }) => (token === '' ? undefined : { id: token }),
    // Only the service itself tells events.
    authorize: ({ action }) => action !== 'publish',
    rpc(method, data, user) {
      const { run, offset } = (data ?? {}) as { run?: unknown; offset?: unknown };
      if (method !== 'confirm') throw new ChannelRpcError(404, `there is no method "${method}"`);
      if (typeof run !== 'string' || typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 1)
        throw new ChannelRpcError(400, 'give a run and the offset of an event');
      return receipts.confirm(run, user.id, offset);
    },
    report: false,
  });
  return {
    run: (run, task) => work(channel, run, task),
    confirmed: (run, viewer) => receipts.confirmed(run, viewer),
    async close() {
      await channel.close();
      await log.close();
      receipts.close();
    },
  };
}

/** An agent that counts words: small, but its steps are those of a large one. */
async function work(channel: ChannelServer, run: string, task: string): Promise<void> {
  let step = 0;
  const tell = async (event: AgentEvent): Promise<void> => {
    step += 1;
    // With a key, a run that is begun again after a crash tells no step twice.
    await channel.publish(channelOf(run), event, { key: `step-${step}` });
  };
  await tell({ kind: 'agent_started', task });
  await tell({ kind: 'agent_thinking', thought: 'The words have to be counted.' });
  await tell({ kind: 'tool_executing', call: 1, tool: 'count_words' });
  const words = task.split(/\s+/).filter((word) => word !== '').length;
  await tell({ kind: 'tool_completed', call: 1, result: String(words) });
  await tell({ kind: 'agent_completed', answer: `The task has ${words} words.` });
}

interface Receipts {
  confirm(run: string, viewer: string, offset: number): number;
  confirmed(run: string, viewer: string): number;
  close(): void;
}

function openReceipts(file: string): Receipts {
  const database = new Database(file);
  database.exec(
    `PRAGMA journal_mode = WAL;
     CREATE TABLE IF NOT EXISTS receipt (
       run TEXT NOT NULL, viewer TEXT NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (run, viewer)) WITHOUT ROWID`,
  );
  const raise = database.prepare(
    `INSERT INTO receipt (run, viewer, offset) VALUES (?, ?, ?)
     ON CONFLICT (run, viewer) DO UPDATE SET offset = max(offset, excluded.offset)`,
  );
  const read = database.prepare('SELECT offset FROM receipt WHERE run = ? AND viewer = ?').pluck();
  const confirmed = (run: string, viewer: string): number => Number(read.get(run, viewer) ?? 0);
  return {
    confirm(run, viewer, offset) {
      raise.run(run, viewer, offset);
      return confirmed(run, viewer);
    },
    confirmed,
    close: () => void database.close(),
  };
}
