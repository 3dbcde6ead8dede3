import Database from 'better-sqlite3';

export type ShopDatabase = Database.Database;

const PRODUCTS: readonly (readonly [name: string, priceCents: number])[] = [
  ['Climbing rope, 60 m', 14_900],
  ['Belay device', 3_490],
  ['Locking carabiner', 1_290],
  ['Harness', 6_990],
  ['Chalk bag', 1_890],
  ['Helmet', 5_490],
  ['Quickdraw set', 8_990],
  ['Approach shoes', 11_900],
];

/** Opens (and on first use fills) the shop's database; several instances may share one file. */
export function openDatabase(path: string): ShopDatabase {
  const database = new Database(path);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  database.pragma('busy_timeout = 5000');
  database.exec(`
    CREATE TABLE IF NOT EXISTS product (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price_cents INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS cart_item (
      user_id TEXT NOT NULL, product_id INTEGER NOT NULL, quantity INTEGER NOT NULL,
      PRIMARY KEY (user_id, product_id)
    );
    CREATE TABLE IF NOT EXISTS purchase (
      id INTEGER PRIMARY KEY, user_id TEXT NOT NULL, total_cents INTEGER NOT NULL, cost_cents REAL NOT NULL,
      path TEXT NOT NULL, created_at INTEGER NOT NULL
    );`);
  const insert = database.prepare('INSERT OR IGNORE INTO product (id, name, price_cents) VALUES (?, ?, ?)');
  database.transaction(() => {
    PRODUCTS.forEach(([name, priceCents], index) => insert.run(index + 1, name, priceCents));
  })();
  return database;
}
