import os from 'node:os';
import { createChecks, type Checks } from '../features/checks/api.ts';
import type { Bus } from '../platform/bus/bus.ts';
import type { Database } from '../platform/sqlite/database.ts';
import type { Composing } from './composing.ts';
import type { Telemetry } from './telemetry.ts';

/** Health of processes and golden paths. */
export function openChecks(
  { log, clock, opened }: Composing,
  { db, bus, telemetry }: Pick<Telemetry, 'telemetry'> & { readonly db: Database; readonly bus: Bus },
): Checks {
  const checks = createChecks({
    db,
    bus,
    clock,
    log,
    write: telemetry.write,
    instance: os.hostname(),
    runProbe: () => undefined,
  });
  opened.add(() => checks.close());
  return checks;
}
