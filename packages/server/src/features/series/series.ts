import { randomInt } from 'node:crypto';
import { createRedactor } from '@belay/core/redaction';
import { createSeriesIndex } from '@belay/wire';
import { repeat } from '../../platform/scheduler/scheduler.ts';
import { rowsOfMetrics } from '../telemetry/api.ts';
import type { Series, SeriesOptions } from './api.ts';
import { createCardinalityGuard } from './cardinality-guard.ts';
import { loadDescriptions, loadKnownSeries } from './known-series.ts';
import { redactFlat, redactMetrics } from './redact-metrics.ts';
import { cardinalityRoutes } from './routes.ts';
import { createActiveSeries } from './series-registry.ts';

const SWEEP_MS = 60_000;

const LIMITS = { newPerHour: 20_000, active: 100_000 };
const TIMES = { maxAgeMs: 30 * 86_400_000, maxAheadMs: 600_000 };

export function createSeries(options: SeriesOptions): Series {
  const { reader, clock, log, redactor = createRedactor(), limits = LIMITS, times = TIMES } = options;
  const guard = createCardinalityGuard({
    limits,
    clock,
    onRefusing: ({ service, advice }) => log.warn({ service }, advice),
  });
  const registry = createActiveSeries({ guard, clock });
  const index = createSeriesIndex({ registry, seed: randomInt(2 ** 31) });
  let loading: Promise<void> | undefined;
  const load = async (): Promise<void> => {
    registry.learnDescriptions(await loadDescriptions(reader));
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
    contentOf(decoded, counts = new Map()) {
      // The fingerprint is made of what was sent, so that two secrets do not become one series.
      const due = registry.describeDue(decoded.points.due).map((entry) => {
        const { facts } = entry;
        return { ...entry, facts: { ...facts, labels: redactFlat(facts.labels, redactor, counts) } };
      });
      return rowsOfMetrics(redactMetrics(decoded, redactor, counts), due);
    },
    stored: (decoded) => registry.described(decoded.points.due),
    cardinality: (service) => guard.report(service),
    stats: () => ({
      active: registry.size(),
      refusing: guard.report().filter(({ state }) => state === 'refusing').length,
    }),
    close: () => sweeping.close(),
  };
}
