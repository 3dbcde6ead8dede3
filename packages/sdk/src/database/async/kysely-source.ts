import type { Kysely, KyselyPlugin, QueryId, RootOperationNode } from 'kysely';
import { SafeDatabaseError } from '../errors.ts';
import type { Row } from '../types.ts';
import type { AsyncSource } from './async-source.ts';

/** Connections of Kysely, for its dialects of PostgreSQL and SQLite. */
export function kyselySource<Tables>(kysely: Kysely<Tables>): AsyncSource<Kysely<Tables>> {
  return {
    dialect: dialectOf(kysely),
    use: (work) =>
      kysely.connection().execute(async (db) => {
        const plain = db.withoutPlugins();
        return work({
          handle: db,
          async query(sql, parameters) {
            const { rows, numAffectedRows } = await plain.executeQuery<Row>(rawQuery(sql, parameters));
            return { rows, changes: numAffectedRows === undefined ? rows.length : Number(numAffectedRows) };
          },
        });
      }),
    watch: (db, seen) => db.withPlugin(watchingPlugin(db, seen)),
  };
}

/** The dialect is known by the class of its adapter, the one part of it that Kysely shows. */
function dialectOf<Tables>(kysely: Kysely<Tables>): 'postgres' | 'sqlite' {
  const name = kysely.getExecutor().adapter.constructor.name;
  if (/postgres/i.test(name)) return 'postgres';
  if (/sqlite/i.test(name)) return 'sqlite';
  throw new SafeDatabaseError('write.misused', `Kysely's dialect (${name}) is not one that Belay knows.`, {
    hint: 'Use PostgresDialect or SqliteDialect.',
  });
}

/** What `CompiledQuery.raw` makes; written out, so that Kysely itself need not be loaded from here. */
function rawQuery(
  sql: string,
  parameters: readonly unknown[],
): Parameters<Kysely<unknown>['executeQuery']>[0] & { sql: string } {
  const query = { kind: 'RawNode', sqlFragments: [sql], parameters: [] };
  return { sql, parameters, query, queryId: { queryId: 'belay' } } as never;
}

type Watching = { readonly node: RootOperationNode; readonly began: number };

function watchingPlugin<Tables>(
  db: Kysely<Tables>,
  seen: (sql: string, seen: { readonly ms: number; readonly rows: number }) => void,
): KyselyPlugin {
  const running = new WeakMap<QueryId, Watching>();
  return {
    transformQuery({ node, queryId }) {
      running.set(queryId, { node, began: performance.now() });
      return node;
    },
    async transformResult({ queryId, result }) {
      const watching = running.get(queryId);
      if (watching === undefined) return result;
      const ms = performance.now() - watching.began;
      const { sql } = db.withoutPlugins().getExecutor().compileQuery(watching.node, queryId);
      seen(sql, {
        ms,
        rows: result.numAffectedRows === undefined ? result.rows.length : Number(result.numAffectedRows),
      });
      return result;
    },
  };
}
