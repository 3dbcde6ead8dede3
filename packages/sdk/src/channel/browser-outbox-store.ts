import type { OutboxItem, OutboxStore } from './client-types.ts';

/** What is needed of IndexedDB's factory; `globalThis.indexedDB` is one. */
export interface DatabaseFactory {
  open(name: string, version: number): OpenRequest;
}

interface Request<Result> {
  readonly result: Result;
  readonly error: unknown;
  addEventListener(event: 'success' | 'error', listener: () => void): void;
}

interface OpenRequest {
  readonly result: Database;
  readonly error: unknown;
  addEventListener(event: 'success' | 'error' | 'upgradeneeded', listener: () => void): void;
}

interface Database {
  createObjectStore(name: string, options?: { keyPath: string }): unknown;
  transaction(names: string[], mode: 'readonly' | 'readwrite'): Transaction;
  close(): void;
}

interface Transaction {
  objectStore(name: string): ObjectStore;
  readonly error: unknown;
  addEventListener(event: 'complete' | 'error' | 'abort', listener: () => void): void;
}

interface ObjectStore {
  get(key: string): Request<unknown>;
  getAll(): Request<unknown[]>;
  put(value: unknown, key?: string): unknown;
  delete(key: number): unknown;
}

/**
 * Keeps an outbox in a browser's IndexedDB. One tab at a time may use a name: give each tab its own, or hold a Web Lock.
 * `factory` is for tests and for browsers' stand-ins.
 */
export function openBrowserOutboxStore(
  name: string,
  factory: DatabaseFactory | undefined = (globalThis as { indexedDB?: DatabaseFactory }).indexedDB,
): OutboxStore {
  if (factory === undefined) throw new RangeError('There is no IndexedDB here; give openOutbox another store or none.');
  let database: Database | undefined;
  const within = async (mode: 'readonly' | 'readwrite', work: (transaction: Transaction) => void): Promise<void> => {
    database ??= await openDatabase(factory, name);
    const transaction = database.transaction(['item', 'state'], mode);
    work(transaction);
    await new Promise<void>((resolve, reject) => {
      transaction.addEventListener('complete', () => resolve());
      transaction.addEventListener('error', () => reject(transaction.error));
      transaction.addEventListener('abort', () => reject(transaction.error));
    });
  };
  return {
    async load() {
      let session: Request<unknown> | undefined;
      let highest: Request<unknown> | undefined;
      let items: Request<unknown[]> | undefined;
      await within('readonly', (transaction) => {
        session = transaction.objectStore('state').get('session');
        highest = transaction.objectStore('state').get('highest');
        items = transaction.objectStore('item').getAll();
      });
      if (typeof session?.result !== 'string') return undefined;
      const kept = (items?.result ?? []) as OutboxItem[];
      return { session: session.result, nextSeq: Number(highest?.result ?? 0) + 1, items: kept };
    },
    begin: (session) =>
      within('readwrite', (transaction) => void transaction.objectStore('state').put(session, 'session')),
    add: (items) =>
      within('readwrite', (transaction) => {
        for (const item of items) {
          transaction.objectStore('item').put(item);
          transaction.objectStore('state').put(item.seq, 'highest');
        }
      }),
    remove: (seqs) =>
      within('readwrite', (transaction) => {
        for (const seq of seqs) transaction.objectStore('item').delete(seq);
      }),
    async close() {
      database?.close();
      database = undefined;
    },
  };
}

function openDatabase(factory: DatabaseFactory, name: string): Promise<Database> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, 1);
    request.addEventListener('upgradeneeded', () => {
      request.result.createObjectStore('item', { keyPath: 'seq' });
      request.result.createObjectStore('state');
    });
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
  });
}
