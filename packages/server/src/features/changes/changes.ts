import { isBelayError } from '@belay/core';
import type { AppliedReport } from '@belay/protocol';
import type { Changes, ChangesOptions } from './api.ts';
import { createContext } from './changes-context.ts';
import { createControlLoop } from './control-loop.ts';
import { overviewView } from './overview.ts';
import { createRolloutService, type RolloutService } from './rollout-service.ts';
import { changesRoutes } from './routes.ts';
import { noteApplied } from './undo-watch.ts';

/** Rollouts, wired to flags and telemetry. Nothing runs before `loop.start()`. */
export function createChanges(options: ChangesOptions): Changes {
  const context = createContext(options);
  const service = createRolloutService(context);
  const loop = createControlLoop(context);
  let pending: Promise<void> = Promise.resolve();
  const later = (what: string, work: () => Promise<void>): void => {
    pending = pending.then(work).catch((err: unknown) => options.log.error({ err }, what));
  };
  const stopApplied = options.flags.onApplied((report) => {
    if (context.undos.size > 0) later('an undo could not be noted', () => noteApplied(context, report));
    if (report.trips.length > 0) later('a local trip could not be acted on', () => noteTrips(service, report));
  });
  const stopKilled = options.flags.onKilled((rolloutId, _flagKey, reason) => {
    later('a killed flag left its rollout open', () => endKilled(service, rolloutId, reason));
  });
  return {
    routes: async (app) => changesRoutes(app, context, service),
    loop,
    leasesGranted: (now) => loop.leasesGranted(now),
    overview: () => overviewView(context),
    async close() {
      stopApplied();
      stopKilled();
      await loop.close();
      await pending;
    },
  };
}

async function noteTrips(service: RolloutService, { service: name, instance, trips }: AppliedReport): Promise<void> {
  for (const { rolloutId, units, errors, reason } of trips) {
    await service.trip(rolloutId, { service: name, instance, units, errors, reason });
  }
}

/** The kill switch of a flag has already brought the old path back; its rollout ends with it. */
async function endKilled(service: RolloutService, rolloutId: string, reason: string | null): Promise<void> {
  const actor = { kind: 'person', name: 'Kill switch', via: 'api' } as const;
  try {
    await service.act(rolloutId, { action: 'rollback', actor, reason });
  } catch (error) {
    // It had ended in the same moment: nothing is left to do.
    if (!isBelayError(error) || error.code !== 'rollout.not-allowed') throw error;
  }
}
