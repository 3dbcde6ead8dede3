/** What can be wrong with the new checkout, so that a rollout has something to find. `none` is a harmless change. */
export const faults = {
  none: { failureShare: 0, slowdown: 1, costFactor: 1 },
  errors: { failureShare: 0.04, slowdown: 1, costFactor: 1 },
  subtle: { failureShare: 0.01, slowdown: 1, costFactor: 1 },
  latency: { failureShare: 0, slowdown: 1.6, costFactor: 1 },
  cost: { failureShare: 0, slowdown: 0.8, costFactor: 1.25 },
  crash: { failureShare: 1, slowdown: 1, costFactor: 1 },
} as const satisfies Record<string, Fault>;

/** How the new path differs from the old one. */
export interface Fault {
  /** Share of requests of the new path that fail in addition, 0 to 1. */
  readonly failureShare: number;
  /** Factor on the time the payment takes. */
  readonly slowdown: number;
  /** Factor on what an order costs the shop. */
  readonly costFactor: number;
}

export type FaultName = keyof typeof faults;

/** Whether a text names a fault. */
export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faults, name);
}
