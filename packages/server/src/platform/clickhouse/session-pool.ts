import type { ChdbResult, Session } from 'chdb';

/** A session of the embedded engine with the settings of whoever uses it now. */
export interface EngineSession {
  /** Runs a query under exactly these settings. */
  query(sql: string, settings: ReadonlyMap<string, string>): Promise<ChdbResult>;
}

/** Sessions of the embedded engine; each runs one query at a time. */
export interface SessionPool {
  /** Runs `work` on a session that is free; callers are served in order. */
  run<Result>(work: (session: EngineSession) => Promise<Result>): Promise<Result>;
}

/** Shares some sessions among callers. */
export function createSessionPool(sessions: readonly EngineSession[]): SessionPool {
  const free = [...sessions];
  const waiting: ((session: EngineSession) => void)[] = [];
  const take = (): Promise<EngineSession> => {
    const session = free.pop();
    if (session !== undefined) return Promise.resolve(session);
    return new Promise((resolve) => waiting.push(resolve));
  };
  const giveBack = (session: EngineSession): void => {
    const next = waiting.shift();
    if (next === undefined) free.push(session);
    else next(session);
  };
  return {
    async run(work) {
      const session = await take();
      try {
        return await work(session);
      } finally {
        giveBack(session);
      }
    },
  };
}

/** Settings stick to a session, and the next query on it is somebody else's: what differs is set before each query. */
export function createEngineSession(session: Session): EngineSession {
  let inForce: ReadonlyMap<string, string> = new Map();
  return {
    async query(sql, settings) {
      const changes = [...settings].filter(([name, value]) => inForce.get(name) !== value);
      const gone = [...inForce.keys()].filter((name) => !settings.has(name));
      if (changes.length + gone.length > 0) {
        const set = [...changes.map(([name, value]) => `${name} = ${quoted(value)}`), ...gone.map(toDefault)];
        try {
          await session.queryAsync(`SET ${set.join(', ')}`);
        } catch (error) {
          await forget(session, new Set([...inForce.keys(), ...settings.keys()]));
          inForce = new Map();
          throw error;
        }
        inForce = settings;
      }
      return session.queryAsync(sql, { format: 'TabSeparated' });
    },
  };
}

/** A session that only reads: settings that are asked for are ignored, the ones it has been given hold for good. */
export async function createSandboxSession(
  session: Session,
  limits: ReadonlyMap<string, string>,
): Promise<EngineSession> {
  const set = [...limits].map(([name, value]) => `${name} = ${quoted(value)}`);
  await session.queryAsync(`SET ${[...set, 'readonly = 1'].join(', ')}`);
  return { query: (sql) => session.queryAsync(sql, { format: 'TabSeparated' }) };
}

/** Which part of a failed SET took effect is not known; a name that the engine does not know has no default. */
async function forget(session: Session, names: ReadonlySet<string>): Promise<void> {
  for (const name of names) await session.queryAsync(`SET ${toDefault(name)}`).catch(ignoreUnknown);
}

function ignoreUnknown(): void {}

function toDefault(name: string): string {
  return `${name} = DEFAULT`;
}

function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
