import { type FamilyFacts, type SeriesFacts, seriesIdentity, type SeriesRef, type SeriesRegistry } from './series.ts';

/** A registry for tests that numbers series and tells which texts it was asked for. */
export interface TestRegistry extends SeriesRegistry {
  readonly asked: SeriesFacts[];
  readonly families: FamilyFacts[];
  factsOf(series: SeriesRef): SeriesFacts | undefined;
}

/** Takes every series unless `refuses` says otherwise. */
export function createTestRegistry(refuses: (facts: SeriesFacts) => boolean = () => false): TestRegistry {
  const byIdentity = new Map<string, SeriesRef>();
  const facts = new Map<SeriesRef, SeriesFacts>();
  const asked: SeriesFacts[] = [];
  const families: FamilyFacts[] = [];
  return {
    asked,
    families,
    factsOf: (series) => facts.get(series),
    find(told) {
      asked.push(told);
      if (refuses(told)) return undefined;
      const identity = seriesIdentity(told);
      const known = byIdentity.get(identity);
      if (known !== undefined) return known;
      const series = { metric: told.metric, fpLow: byIdentity.size + 1, fpHigh: 0, dueAt: 0, heardAt: 0 };
      byIdentity.set(identity, series);
      facts.set(series, told);
      return series;
    },
    describe: (told) => void families.push(...told),
  };
}
