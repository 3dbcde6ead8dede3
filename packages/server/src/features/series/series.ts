import { randomInt } from 'node:crypto';
import { createSeriesIndex } from '@belay/wire';
import { repeat } from '../../platform/scheduler/scheduler.ts';
import { rowsOfMetrics } from '../telemetry/api.ts';
import type { Series, SeriesOptions } from './api.ts';
import { createCardinalityGuard } from './cardinality-guard.ts';
import { loadKnownSeries } from './known-series.ts';
import { cardinalityRoutes } from './routes.ts';
import { createActiveSeries } from './series-registry.ts';

const SWEEP_MS = 60_000;

const LIMITS = { newPerHour: 20_000, active: 100_000 };
const TIMES = { maxAgeMs: 30 * 86_400_000, maxAheadMs: 600_000 };

export function createSeries(options: SeriesOptions): Series {
  const { reader, clock, log, limits = LIMITS, times = TIMES } = options;
  const guard = createCardinalityGuard({
    limits,
    clock,
    onRefusing: ({ service, advice }) => log.warn({ service }, advice),
  });
  const registry = createActiveSeries({ guard, clock });
  const index = createSeriesIndex({ registry, seed: randomInt(2 ** 31) });
  let loading: Promise<void> | undefined;
  const load = async (): Promise<void> => {
    registry.learn(await loadKnownSeries(reader, Math.floor(clock.now() / 1000)));
  };
  const sweeping = repeat({
    everyMs: SWEEP_MS,
    onError: (err) => log.error({ err }, 'series could not be swept'),
    run: async () => registry.sweep(),
  });
  return {
    index,
    routes: cardinalityRoutes((service) => guard.report(service)),
    whenReady() {
      loading ??= load().catch((error: unknown) => {
        loading = undefined;
        throw error;
      });
      return loading;
    },
    timeBounds() {
      const now = clock.now();
      return {
        oldestMs: now - times.maxAgeMs,
        newestMs: now + times.maxAheadMs,
        nowSecond: Math.floor(now / 1000),
      };
    },
    contentOf: (decoded) => rowsOfMetrics(decoded, registry.describeDue(decoded.points.due)),
    stored: (decoded) => registry.described(decoded.points.due),
    cardinality: (service) => guard.report(service),
    stats: () => ({
      active: registry.size(),
      refusing: guard.report().filter(({ state }) => state === 'refusing').length,
    }),
    close: () => sweeping.close(),
  };
}
