// A process that counts in a database until it has done its part or is killed.
import Database from 'better-sqlite3';
import pg from 'pg';
import { openSafePostgres, openSafeSqlite, type SqliteTransaction } from '../database.ts';

const [kind = '', place = '', first = '0', last = 'Infinity', killAfter = ''] = process.argv.slice(2);

function increment(tx: Pick<SqliteTransaction, 'get' | 'update'>): number {
  const n = Number(tx.get('SELECT n FROM counters WHERE id = 1')?.['n']) + 1;
  tx.update('counters', { id: 1 }, { n });
  return n;
}

if (kind === 'postgres') {
  const pool = new pg.Pool({ connectionString: place, max: 2 });
  const db = openSafePostgres(pool, { report: false, retryForMs: 60_000, maxAttempts: 1000 });
  for (let done = 0; done < Number(first); done += 1) {
    await db.write('count', async (tx) => {
      const { rows } = await tx.query('SELECT n FROM counters WHERE id = 1');
      await tx.update('counters', { id: 1 }, { n: Number(rows[0]?.['n']) + 1 });
    });
  }
  await db.close();
  await pool.end();
  process.exit(0);
}

const raw = new Database(place);
const db = openSafeSqlite(raw, { report: false, retryForMs: 60_000, maxAttempts: 1000 });
if (kind === 'sqlite') {
  for (let done = 0; done < Number(first); done += 1) await db.write('count', increment);
} else {
  raw.pragma('synchronous = FULL');
  for (let key = Number(first); key < Number(last); key += 1) {
    const work = (tx: SqliteTransaction): number => {
      const n = increment(tx);
      process.send?.(['commit', key]);
      // Committed and told to nobody: the worst moment to die.
      if (String(key) === killAfter) tx.onCommit(() => void process.kill(process.pid, 'SIGKILL'));
      return n;
    };
    db.writeSync('count', work, { idempotencyKey: `key-${key}` });
    process.send?.(['done', key]);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
await db.close();
process.disconnect?.();
