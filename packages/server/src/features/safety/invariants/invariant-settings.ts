/** Where an invariant is asked. The URL may hold a password: never show or log it. */
export type InvariantDatabase =
  | { readonly engine: 'sqlite'; readonly path: string }
  | { readonly engine: 'postgres'; readonly url: string };

/** One query that must return no row or, with a limit, one number within. */
export interface Invariant {
  readonly name: string;
  readonly sql: string;
  readonly min: number | null;
  readonly max: number | null;
}

/** An invariant of a database in use, as belay.yaml names it. */
export interface InvariantSettings extends Invariant {
  readonly source: string;
  readonly database: InvariantDatabase;
}
