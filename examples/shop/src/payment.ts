import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from './random.ts';

/** The payment provider said no, or did not answer. The checkout answers 502 then. */
export class PaymentFailed extends Error {
  override readonly name = 'PaymentFailed';
}

export interface Payment {
  /** Takes the money; resolves with the provider's fee in cents. `slowdown` stretches the provider's answer. */
  charge(order: { readonly card: string; readonly totalCents: number; readonly slowdown: number }): Promise<number>;
}

const MEDIAN_MS = 18;
const SPREAD = 0.45;
/** Even a healthy provider fails now and then. */
const FAILURE_SHARE = 0.006;
const FEE_SHARE = 0.014;

/** A payment provider with the latency and the failures of a real one. */
export function createPayment(random: Random): Payment {
  async function charge(order: Parameters<Payment['charge']>[0]): Promise<number> {
    const failure = random.uniform() < FAILURE_SHARE;
    const feeCents = 25 + FEE_SHARE * order.totalCents * (0.8 + 0.4 * random.uniform());
    await wait(random.logNormal(MEDIAN_MS, SPREAD) * order.slowdown);
    if (order.card === 'broken') throw new PaymentFailed('The provider cannot read this card.');
    if (failure) throw new PaymentFailed('The provider did not answer.');
    return feeCents;
  }
  return { charge };
}
