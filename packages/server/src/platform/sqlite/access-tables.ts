import type { Generated } from 'kysely';

/** Tables of migration 0001. Times are Unix milliseconds; `*_json`-like text columns say so. */
export interface AccessTables {
  readonly meta: { readonly key: string; readonly value: string };
  readonly settings: { readonly key: string; readonly value: string; readonly updated_at: number };
  readonly tokens: TokenTable;
  readonly sessions: SessionTable;
  readonly ledger: LedgerTable;
}

export interface TokenTable {
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the secret, hexadecimal. */
  readonly hash: string;
  readonly hint: string;
  /** Comma-separated scopes. */
  readonly scopes: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly last_used_at: number | null;
}

export interface SessionTable {
  readonly id: string;
  readonly token_id: string;
  readonly hash: string;
  readonly created_at: number;
  readonly expires_at: number;
}

export interface LedgerTable {
  readonly id: Generated<number>;
  readonly at: number;
  readonly actor_kind: 'person' | 'machine';
  readonly actor_name: string;
  readonly actor_via: string;
  readonly kind: string;
  readonly sentence: string;
  readonly tone: 'ok' | 'bad' | 'wait' | 'live' | 'none';
  readonly rollout_id: string | null;
  readonly flag_key: string | null;
  readonly reason: string | null;
  /** JSON object. */
  readonly details: string;
}
