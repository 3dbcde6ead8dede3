import pg from 'pg';
import { afterAll, expect, it } from 'vitest';
import type { StepWorld } from './probe-types.ts';
import { runSql } from './sql-step.ts';

const SERVER = 'postgres://postgres@127.0.0.1:5432/test';
/** Debian's postgresql with trust on loopback; scripts/set-up.js installs it. */
const client = new pg.Client(SERVER);
const isThere = await client.connect().then(
  () => true,
  () => false,
);

afterAll(() => client.end());

it.skipIf(!isThere)('a question cannot leave its read-only transaction, or load more than it needs', async () => {
  const table = `belay_probe_${process.pid}`;
  const world = {
    signal: AbortSignal.timeout(30_000),
    secret: () => SERVER,
    fill: (text: string) => text,
    redact: (text: string) => text,
  } as unknown as StepWorld;
  const ask = (query: string, parameters: readonly string[] = []): Promise<string> =>
    runSql({ type: 'sql', database: 'DB', query, parameters: [...parameters] }, world);
  try {
    await client.query(`CREATE TABLE ${table} (n INT)`);
    await client.query(`INSERT INTO ${table} VALUES (1)`);
    expect(await ask(`SELECT n FROM ${table};`)).toBe('1 row');
    expect(await ask(`WITH a AS (SELECT n FROM ${table}) SELECT n FROM a WHERE n = $1 -- one`, ['1'])).toBe('1 row');
    await expect(ask(`SELECT 1; COMMIT; DELETE FROM ${table}`)).rejects.toThrow();
    await expect(ask(`SELECT 1) AS a; COMMIT; DELETE FROM ${table}; SELECT * FROM (SELECT 1`)).rejects.toThrow(
      /multiple commands/,
    );
    await expect(ask('SELECT generate_series(1, 100000000)')).rejects.toMatchObject({ causeWord: 'too-large' });
    expect((await client.query(`SELECT n FROM ${table}`)).rows).toEqual([{ n: 1 }]);
  } finally {
    await client.query(`DROP TABLE IF EXISTS ${table}`);
  }
});
