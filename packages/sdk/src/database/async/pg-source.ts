import { failureKind, isVerdict } from '../retry-policy.ts';
import type { Row } from '../types.ts';
import type { AsyncSource } from './async-source.ts';

/** What is used of a client of pg's pool. */
export interface PgClient {
  query(sql: string, parameters?: unknown[]): Promise<{ rows: Row[]; rowCount: number | null }>;
  release(error?: Error | boolean): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

/** What is used of pg's Pool. */
export interface PgPool {
  connect(): Promise<PgClient>;
}

/** Connections of a pool of pg. */
export function pgSource(pool: PgPool): AsyncSource<PgClient> {
  return {
    dialect: 'postgres',
    async use(work) {
      const client = await pool.connect();
      // A connection that breaks between two statements says so by an event, which would end the process unheard.
      let lost: Error | undefined;
      const onError = (error: Error): void => {
        lost = error;
      };
      client.on('error', onError);
      try {
        return await work({
          handle: client,
          async query(sql, parameters) {
            // What is lost is asked nothing more: a statement behind one that timed out could wait for ever.
            if (lost !== undefined) throw lost;
            try {
              const { rows, rowCount } = await client.query(sql, [...parameters]);
              return { rows, changes: rowCount ?? 0 };
            } catch (error) {
              // Without an answer of the server the transaction may still be open: the pool must not get it back.
              if (!isVerdict(error)) lost ??= error instanceof Error ? error : new TypeError(String(error));
              throw error;
            }
          },
        });
      } catch (error) {
        if (failureKind(error) === 'connection-lost') lost ??= error instanceof Error ? error : undefined;
        throw error;
      } finally {
        client.off('error', onError);
        client.release(lost);
      }
    },
  };
}
