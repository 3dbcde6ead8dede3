import type { Row } from '../types.ts';

/** What a statement gave. */
export interface Answer {
  readonly rows: readonly Row[];
  readonly changes: number;
}

/** One connection, for as long as it is used. */
export interface AsyncConnection<Handle> {
  query(sql: string, parameters: readonly unknown[]): Promise<Answer>;
  /** What the application writes its own statements with. */
  readonly handle: Handle;
}

/** Where connections come from, and which SQL they speak. */
export interface AsyncSource<Handle> {
  readonly dialect: 'postgres' | 'sqlite';
  /** Runs `work` with a connection that nobody else uses meanwhile; one whose work failed by its loss is thrown away. */
  use<Result>(work: (connection: AsyncConnection<Handle>) => Promise<Result>): Promise<Result>;
  /** Sees statements that `handle` ran by itself; called with their text. */
  watch?(handle: Handle, seen: (sql: string, seen: { readonly ms: number; readonly rows: number }) => void): Handle;
}
