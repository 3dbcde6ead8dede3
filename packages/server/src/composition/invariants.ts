import { createInvariants, type Invariants } from '../features/safety/invariants/api.ts';
import type { Bus } from '../platform/bus/bus.ts';
import type { Database } from '../platform/sqlite/database.ts';
import type { Composing } from './composing.ts';

/** Invariants of the databases that belay.yaml names. */
export async function openInvariants(
  { loaded, log, clock, opened }: Composing,
  db: Database,
  bus: Bus,
): Promise<Invariants> {
  const invariants = createInvariants({ db, bus, log, clock, invariants: loaded.config.invariants });
  opened.add(() => invariants.close());
  await invariants.start();
  return invariants;
}
