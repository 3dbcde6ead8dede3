// Writes to the database that `bench/restore.ts` restores: `writer.ts FILE PER_SECOND`. Says after each second how many
// inserts were acknowledged and how many failed, and lives until it is killed.
import BetterSqlite from 'better-sqlite3';

const [file = '', perSecond = '100'] = process.argv.slice(2);
const db = new BetterSqlite(file, { timeout: 30_000, fileMustExist: true });
db.pragma('synchronous = NORMAL');
const insert = db.prepare("INSERT INTO live (at, note) VALUES (?, 'written while others restore')");
let acknowledged = 0;
let failed = 0;
let slowestMs = 0;
const everyMs = 10;
setInterval(() => {
  for (let count = 0; count < (Number(perSecond) * everyMs) / 1000; count += 1) {
    const started = performance.now();
    try {
      insert.run(Date.now());
      acknowledged += 1;
    } catch {
      failed += 1;
    }
    slowestMs = Math.max(slowestMs, performance.now() - started);
  }
}, everyMs);
setInterval(() => process.send?.({ acknowledged, failed, slowestMs: Math.round(slowestMs) }), 200);
process.on('disconnect', () => process.exit(0));
