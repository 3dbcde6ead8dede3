/** Which facts (rows of upkeep tables) have been written lately. Forgetting one only costs writing it again. */
export interface FactMemory {
  has(table: string, key: bigint): boolean;
  remember(table: string, key: bigint, second: number): void;
}

/** Facts are written again after one to two such periods, so that the time they were last seen stays true enough. */
const PERIOD_SECONDS = 3 * 3600;

interface Generations {
  young: Set<bigint>;
  old: Set<bigint>;
  since: number;
}

/** Starts without memories; up to twice `limit` facts per table are kept. */
export function createFactMemory(limit = 500_000): FactMemory {
  const tables = new Map<string, Generations>();
  return {
    has(table, key) {
      const facts = tables.get(table);
      return facts !== undefined && (facts.young.has(key) || facts.old.has(key));
    },
    remember(table, key, second) {
      let facts = tables.get(table);
      if (facts === undefined) tables.set(table, (facts = { young: new Set(), old: new Set(), since: second }));
      if (facts.young.size >= limit || second - facts.since >= PERIOD_SECONDS) {
        facts.old = facts.young;
        facts.young = new Set();
        facts.since = second;
      }
      facts.young.add(key);
    },
  };
}
