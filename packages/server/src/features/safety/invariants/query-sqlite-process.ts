// A process of its own: a query of SQLite cannot be interrupted from its thread, a process can be ended.
import BetterSqlite from 'better-sqlite3';

process.once('message', (message) => {
  const { path, sql } = message as { path: string; sql: string };
  process.send?.(answer(path, sql), () => process.disconnect?.());
});

function answer(path: string, sql: string): { rows: unknown[] } | { failure: string } {
  try {
    const db = new BetterSqlite(path, { readonly: true, fileMustExist: true, timeout: 5000 });
    try {
      db.pragma('query_only = ON');
      const statement = db.prepare(sql);
      if (!statement.readonly || !statement.reader) return { failure: 'It does not only read; write one SELECT.' };
      const rows: unknown[] = [];
      for (const row of statement.raw(true).iterate()) {
        // Values other than a number may be personal, and nobody needs them.
        rows.push((row as unknown[]).map((value) => (typeof value === 'number' ? value : null)));
        if (rows.length === 2) break;
      }
      return { rows };
    } finally {
      db.close();
    }
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}
