import path from 'node:path';
import type { InputIssue } from '@belay/core';
import type { BackupSourceConfig, BelayConfig } from '@belay/protocol';
import type { BackupSettings } from '../features/safety/backup-settings.ts';
import type { InvariantDatabase, InvariantSettings } from '../features/safety/invariants/invariant-settings.ts';

/** Invariants of belay.yaml, each with its database: those of `invariants` and those of the sources themselves. */
export function checkInvariants(
  { backups, invariants = {} }: Pick<BelayConfig, 'backups' | 'invariants'>,
  cwd: string,
): { readonly invariants: readonly InvariantSettings[]; readonly issues: readonly InputIssue[] } {
  const sources = new Map(Object.entries(backups?.sources ?? {}));
  const issues: InputIssue[] = [];
  const ofSources = [...sources].flatMap(([source, config]) =>
    Object.entries(config.invariants ?? {}).map(([name, given]): InvariantSettings => {
      const { sql, min = null, max = null } = typeof given === 'string' ? { sql: given } : given;
      return { name, source, database: databaseOf(config, cwd), sql, min, max };
    }),
  );
  const own = Object.entries(invariants).flatMap(
    ([name, { source, sql, min = null, max = null }]): InvariantSettings[] => {
      const config = sources.get(source);
      if (config !== undefined) return [{ name, source, database: databaseOf(config, cwd), sql, min, max }];
      const known = [...sources.keys()].join(', ');
      const mend = known === '' ? 'name the database under backups.sources first' : `use one of ${known}`;
      issues.push({
        path: `invariants.${name}.source`,
        message: 'is no source in backups.sources',
        seen: source,
        mend,
      });
      return [];
    },
  );
  const all = [...ofSources, ...own];
  for (const { name, source } of own) {
    if (all.filter((other) => other.name === name && other.source === source).length < 2) continue;
    issues.push({
      path: `invariants.${name}`,
      message: `"${source}" has an invariant of this name`,
      mend: 'choose another name',
    });
  }
  return { invariants: all, issues };
}

/** The same questions for restored copies: drills ask all invariants of a source. */
export function withInvariants(backups: BackupSettings, all: readonly InvariantSettings[]): BackupSettings {
  const sources = backups.sources.map((source) => {
    const own = all.filter((invariant) => invariant.source === source.name);
    const invariants = own.map(({ name, sql, min, max }) => ({ name, sql, min, max }));
    return invariants.length === 0 ? source : { ...source, invariants };
  });
  return { ...backups, sources };
}

function databaseOf(config: BackupSourceConfig, cwd: string): InvariantDatabase {
  return config.type === 'sqlite'
    ? { engine: 'sqlite', path: path.resolve(cwd, config.path) }
    : { engine: 'postgres', url: config.url };
}
