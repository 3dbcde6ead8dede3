import type { PresenceEntry, PresenceStore } from './log-types.ts';
import type { PostgresPool } from './postgres-log.ts';

/** Presence that the processes on one database share; its clock decides when a lease ends. */
export function createPostgresPresence(pool: PostgresPool, schema: string): PresenceStore {
  return {
    async renew(entries, leaseMs) {
      await pool.query(
        `INSERT INTO ${schema}.presence (channel, client, user_id, info, ends_at)
         SELECT channel, client, user_id, info, now() + $5::bigint * interval '1 ms'
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS new (channel, client, user_id, info)
         ON CONFLICT (channel, client) DO UPDATE SET ends_at = excluded.ends_at, info = excluded.info`,
        [...columns(entries), entries.map(({ user }) => user), entries.map(({ info }) => info ?? null), leaseMs],
      );
    },
    async leave(entries) {
      await pool.query(
        `DELETE FROM ${schema}.presence AS p USING unnest($1::text[], $2::text[]) AS gone (channel, client)
         WHERE p.channel = gone.channel AND p.client = gone.client`,
        columns(entries),
      );
    },
    async list(channel) {
      const { rows } = await pool.query(
        `SELECT client, user_id AS user, info FROM ${schema}.presence WHERE channel = $1 AND ends_at > now() LIMIT 10000`,
        [channel],
      );
      return (rows as { client: string; user: string; info: string | null }[]).map(
        ({ client, user, info }): PresenceEntry => ({ channel, client, user, info: info ?? undefined }),
      );
    },
  };
}

function columns(entries: readonly PresenceEntry[]): string[][] {
  return [entries.map(({ channel }) => channel), entries.map(({ client }) => client)];
}
