import { type FamilyFacts, familyNamesOf, type SeriesFacts } from '@belay/wire';

/** What Prometheus has told of metric families. */
export interface FamilyMemory {
  /** Takes in what is told; returns the names of those that are new or have changed. */
  take(told: readonly FamilyFacts[]): ReadonlySet<string>;
  /** Takes in what was stored of single metrics, which counts where nothing has been told since. */
  learn(stored: readonly FamilyFacts[]): void;
  /** What is known of the family of a series, beyond what came with the series itself. */
  of(facts: SeriesFacts): FamilyFacts | undefined;
  /** Whether something was told of the family of a metric. */
  wasTold(metric: string): boolean;
}

const FAMILIES = 100_000;

/** Starts empty and remembers a bounded number of families. */
export function createFamilyMemory(): FamilyMemory {
  const told = new Map<string, FamilyFacts>();
  const stored = new Map<string, FamilyFacts>();
  const toldOf = (metric: string): FamilyFacts | undefined =>
    familyNamesOf(metric)
      .map((name) => told.get(name))
      .find((family) => family !== undefined);
  return {
    take(families) {
      const changed = new Set<string>();
      for (const family of families) {
        if (isSame(told.get(family.family), family)) continue;
        if (told.size >= FAMILIES && !told.has(family.family)) continue;
        told.set(family.family, family);
        changed.add(family.family);
      }
      return changed;
    },
    learn(families) {
      for (const family of families) if (stored.size < FAMILIES) stored.set(family.family, family);
    },
    of({ metric, description, unit }) {
      const isDescribed = description !== '' || unit !== '';
      return toldOf(metric) ?? (isDescribed ? undefined : stored.get(metric));
    },
    wasTold: (metric) => toldOf(metric) !== undefined,
  };
}

function isSame(a: FamilyFacts | undefined, b: FamilyFacts): boolean {
  return a !== undefined && a.kind === b.kind && a.unit === b.unit && a.description === b.description;
}
