import { takenBackPeriods } from '../changes/api.ts';
import type { SignalDefinition } from './signal-definition.ts';
import { listSignals } from './signal-store.ts';
import { HOUR_MS, type SignalsContext } from './signals-context.ts';
import { serviceOfSource } from './signal-definition.ts';

/** Hours that are known to be bad for a signal. */
export type BadHours = (definition: SignalDefinition) => ReadonlySet<number>;

/**
 * Hours in which a rollout was out that was taken back. A component that is the name of a service concerns its signals;
 * any other concerns all.
 */
export async function readBadHours({ db }: Pick<SignalsContext, 'db'>, sinceMs: number): Promise<BadHours> {
  const periods = await takenBackPeriods(db, sinceMs);
  const services = new Set((await listSignals(db)).map(({ input }) => input.service ?? serviceOfSource(input.from)));
  return ({ service }) => {
    const hours = new Set<number>();
    for (const { fromMs, toMs, component } of periods) {
      if (service !== null && services.has(component) && component !== service) continue;
      for (let hour = Math.floor(fromMs / HOUR_MS); hour * HOUR_MS < toMs; hour += 1) hours.add(hour);
    }
    return hours;
  };
}
