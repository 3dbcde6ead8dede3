import type { Session } from 'chdb';

/** Sessions of the embedded engine; each runs one query at a time. */
export interface SessionPool {
  /** Runs `work` on a session that is free; callers are served in order. */
  run<Result>(work: (session: Session) => Promise<Result>): Promise<Result>;
}

/** Shares some sessions among callers. */
export function createSessionPool(sessions: readonly Session[]): SessionPool {
  const free = [...sessions];
  const waiting: ((session: Session) => void)[] = [];
  const take = (): Promise<Session> => {
    const session = free.pop();
    if (session !== undefined) return Promise.resolve(session);
    return new Promise((resolve) => waiting.push(resolve));
  };
  const giveBack = (session: Session): void => {
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
