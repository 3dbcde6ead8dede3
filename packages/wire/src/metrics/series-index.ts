import { type ByteKey, type ByteTable, createByteTable } from './byte-table.ts';
import type { PointSink } from './metric-points.ts';
import type { SeriesFacts, SeriesRef, SeriesRegistry } from './series.ts';

/** Finds the series of points by the bytes of their labels, so that a series seen before costs no text. */
export interface SeriesIndex {
  readonly registry: SeriesRegistry;
  /** Number of a context (service, instance, metric ...) within which label bytes tell series apart. */
  scopeOf(context: string): number;
  /**
   * Series of the label bytes; undefined when it is refused, or when `facts` has none. `facts` is asked only where the
   * series is new or due, and what it tells is then noted in the sink.
   */
  find(place: SeriesPlace, sink: PointSink, facts: () => SeriesFacts | undefined): SeriesRef | undefined;
  /** Number of a text given by its bytes; the same until it was not asked for long. */
  symbolOf(key: ByteKey): number;
}

/** Where label bytes stand, and within which context they name a series. */
export interface SeriesPlace {
  scope: number;
  readonly key: ByteKey;
}

/** Options of {@link createSeriesIndex}. */
export interface SeriesIndexOptions {
  readonly registry: SeriesRegistry;
  /** A random number, so that nobody can choose label bytes that collide. */
  readonly seed: number;
  /** Series kept by their bytes; each of two generations holds as many. Default 200,000. */
  readonly series?: number;
}

const SERIES = 200_000;
const BYTES_PER_SERIES = 256;
const SCOPES = 100_000;
const SYMBOLS = 400_000;
const BYTES_PER_SYMBOL = 48;

/** Starts empty; what it holds is bounded, and what it has dropped is asked of the registry again. */
export function createSeriesIndex({ registry, seed, series = SERIES }: SeriesIndexOptions): SeriesIndex {
  const table = createByteTable<SeriesRef>({ entries: series, bytes: series * BYTES_PER_SERIES, seed });
  const symbols: ByteTable<number> = createByteTable({ entries: SYMBOLS, bytes: SYMBOLS * BYTES_PER_SYMBOL, seed });
  const scopes = new Map<string, number>();
  // Numbers are never used again, so what was dropped cannot be taken for something else.
  let nextScope = 1;
  let nextSymbol = 1;
  return {
    registry,
    scopeOf(context) {
      const known = scopes.get(context);
      if (known !== undefined) return known;
      if (scopes.size >= SCOPES) scopes.clear();
      const scope = (nextScope += 1);
      scopes.set(context, scope);
      return scope;
    },
    find({ scope, key }, sink, facts) {
      const known = table.get(scope, key);
      if (known !== undefined && known.dueAt > sink.nowSecond) {
        known.heardAt = sink.nowSecond;
        return known;
      }
      const told = facts();
      const found = told === undefined ? undefined : registry.find(told);
      if (told === undefined || found === undefined) return undefined;
      found.heardAt = sink.nowSecond;
      if (found.dueAt <= sink.nowSecond) sink.points.due.set(found, told);
      if (known !== found) table.setLast(found);
      return found;
    },
    symbolOf(key) {
      const known = symbols.get(0, key);
      if (known !== undefined) return known;
      const symbol = (nextSymbol += 1);
      symbols.setLast(symbol);
      return symbol;
    },
  };
}
