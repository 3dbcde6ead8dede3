import { connect, createServer, type AddressInfo, type Server } from 'node:net';

/** A proxy before PostgreSQL that can cut connections at COMMIT. */
export interface CommitCutter {
  readonly port: number;
  /** The next COMMIT is cut: `before` it reaches the server, or `after` the server has done it, its answer withheld. */
  cutNext(when: 'before' | 'after'): void;
  /** Cuts that happened. */
  cuts(): number;
  close(): Promise<void>;
}

/** A proxy on a free port of loopback to PostgreSQL on 5432. */
export async function startCommitCutter(): Promise<CommitCutter> {
  let next: 'before' | 'after' | undefined;
  let cuts = 0;
  const server: Server = createServer((client) => {
    const database = connect(5432, '127.0.0.1');
    let isCut = false;
    const end = (): void => {
      client.destroy();
      database.destroy();
    };
    client.on('data', (chunk) => {
      const isCommit = chunk.includes('COMMIT\0');
      if (isCommit && next !== undefined) {
        const when = next;
        next = undefined;
        cuts += 1;
        if (when === 'before') return end();
        isCut = true;
      }
      database.write(chunk);
    });
    // The answer shows that the server has committed; the client never sees it.
    database.on('data', (chunk) => (isCut ? end() : client.write(chunk)));
    for (const socket of [client, database]) {
      socket.on('error', end);
      socket.on('close', end);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cutNext: (when) => void (next = when),
    cuts: () => cuts,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
