import os from 'node:os';
import { createChecks, createProbeRunner, type Checks, type ProbeRunner } from '../features/checks/api.ts';
import type { Bus } from '../platform/bus/bus.ts';
import type { Database } from '../platform/sqlite/database.ts';
import type { Composing } from './composing.ts';
import type { Telemetry } from './telemetry.ts';

/** Health of processes, and golden paths that are walked from here. */
export function openChecks(
  { options, loaded, log, clock, opened }: Composing,
  { db, bus, telemetry }: Pick<Telemetry, 'telemetry'> & { readonly db: Database; readonly bus: Bus },
): Pick<Checks, 'routes' | 'care'> & Pick<ProbeRunner, 'guarding'> & { readonly start: () => Promise<void> } {
  const { probes, atOnce } = loaded.config.checks;
  const checks = createChecks({
    db,
    bus,
    clock,
    log,
    write: telemetry.write,
    instance: os.hostname(),
    runProbe: (name) => runner.runNow(name),
  });
  opened.add(() => checks.close());
  const runner = createProbeRunner({
    probes,
    atOnce,
    environment: options.environment,
    now: () => clock.now(),
    random: Math.random,
    take: (probe, result) => checks.takeProbe({ ...probe, result }),
    onError: (err) => log.error({ err }, 'a golden path could not be walked'),
  });
  opened.add(() => runner.close());
  return {
    routes: checks.routes,
    care: checks.care,
    guarding: runner.guarding,
    async start() {
      await checks.keepProbes(probes);
      checks.start();
      runner.start();
    },
  };
}
