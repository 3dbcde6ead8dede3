import type { SignalInput } from '@belay/protocol';
import { transaction } from '../../platform/sqlite/database.ts';
import { listSignals, removeSignal, saveSignal, takenIds } from './signal-store.ts';
import type { SignalsContext } from './signals-context.ts';
import { seenServices, starterSignals } from './starter-set.ts';

/** Adds the signals of services that were not seen before. What people changed or deleted stays as they left it. */
export async function keepStarterSet(context: SignalsContext): Promise<void> {
  const { db, clock } = context;
  if (!context.hasStarterSet) return;
  const wanted = starterSignals(await seenServices(context.reader, clock.now()));
  const taken = await takenIds(db);
  const fresh = [...wanted].filter(([id]) => !taken.has(id));
  if (fresh.length === 0) return;
  await transaction(db, async (trx) => {
    for (const [id, input] of fresh) await saveSignal(trx, { id, origin: 'starter', input, at: clock.now() });
  });
  context.log.info({ signals: fresh.map(([id]) => id) }, 'signals of services that were not seen before');
}

/** Makes the stored signals of belay.yaml those of the file: written ones come or change, others of it go. */
export async function keepWrittenSignals(
  context: SignalsContext,
  written: Readonly<Record<string, SignalInput>>,
): Promise<void> {
  const { db, clock } = context;
  const before = await listSignals(db);
  const at = clock.now();
  await transaction(db, async (trx) => {
    for (const [id, input] of Object.entries(written)) {
      const known = before.find((signal) => signal.id === id);
      const isSame = known?.origin === 'belay.yaml' && JSON.stringify(known.input) === JSON.stringify(input);
      if (!isSame) await saveSignal(trx, { id, origin: 'belay.yaml', input, at });
    }
    for (const signal of before) {
      if (signal.origin === 'belay.yaml' && !Object.hasOwn(written, signal.id)) await removeSignal(trx, signal, at);
    }
  });
}
