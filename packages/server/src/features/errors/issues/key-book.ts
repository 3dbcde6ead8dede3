import type { DatabaseConnection } from '../../../platform/sqlite/database.ts';

/** Which issue each key leads to, in memory: lists translate thousands of keys. */
export interface KeyBook {
  issueOf(key: string): string | undefined;
  keysOf(issueId: string): readonly string[];
  /** Reads everything anew, after a transaction that changed keys. */
  reload(db: DatabaseConnection): Promise<void>;
  add(entries: readonly { readonly key: string; readonly issueId: string }[]): void;
}

export async function createKeyBook(db: DatabaseConnection): Promise<KeyBook> {
  let issues = new Map<string, string>();
  let keys = new Map<string, string[]>();
  const add: KeyBook['add'] = (entries) => {
    for (const { key, issueId } of entries) {
      if (issues.get(key) === issueId) continue;
      issues.set(key, issueId);
      keys.set(issueId, [...(keys.get(issueId) ?? []), key]);
    }
  };
  const book: KeyBook = {
    issueOf: (key) => issues.get(key),
    keysOf: (issueId) => keys.get(issueId) ?? [],
    add,
    async reload(connection) {
      const rows = await connection.selectFrom('issue_keys').select(['key', 'issue_id']).execute();
      issues = new Map();
      keys = new Map();
      add(rows.map((row) => ({ key: row.key, issueId: row.issue_id })));
    },
  };
  await book.reload(db);
  return book;
}
