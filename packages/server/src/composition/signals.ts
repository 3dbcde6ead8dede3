import { probeSignals } from '../features/checks/api.ts';
import { createSignals } from '../features/signals/api.ts';
import type { Signals } from '../features/signals/api.ts';
import type { Bus } from '../platform/bus/bus.ts';
import type { Database } from '../platform/sqlite/database.ts';
import type { Composing } from './composing.ts';
import type { Telemetry } from './telemetry.ts';

/** Signals, wired to the store of telemetry. */
export function openSignals(
  { loaded, log, clock, opened }: Composing,
  {
    db,
    bus,
    engine,
    telemetry,
  }: Pick<Telemetry, 'engine' | 'telemetry'> & { readonly db: Database; readonly bus: Bus },
): Signals {
  // What somebody wrote under the same id wins.
  const written = { ...probeSignals(loaded.config.checks.probes), ...loaded.config.signals.written };
  const signals = createSignals({
    db,
    bus,
    engine,
    reader: telemetry.reader,
    clock,
    log,
    ...loaded.config.signals,
    written,
  });
  opened.add(() => signals.close());
  return signals;
}
