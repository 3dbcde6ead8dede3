/** How the demo's change can be bad, and how each must end. */
export const demoFaults = {
  none: { shopFault: 'none', mustEnd: ['kept'], tells: 'The change is harmless.' },
  errors: { shopFault: 'errors', mustEnd: ['rolled-back'], tells: 'The new checkout loses 4 orders in 100.' },
  subtle: { shopFault: 'subtle', mustEnd: ['rolled-back'], tells: 'The new checkout loses 1 order in 100.' },
  latency: { shopFault: 'latency', mustEnd: ['rolled-back'], tells: 'The new checkout is 60% slower.' },
  cost: { shopFault: 'cost', mustEnd: ['rolled-back'], tells: 'The new checkout is 20% faster and 25% dearer.' },
  crash: { shopFault: 'crash', mustEnd: ['rolled-back'], tells: 'The new checkout always throws.' },
  'noisy-user': {
    shopFault: 'none',
    mustEnd: ['kept'],
    tells: 'The change is harmless, but one user on the new path fails with every request.',
  },
  blind: { shopFault: 'none', mustEnd: ['held'], tells: 'In the middle, no more telemetry arrives.' },
  'server-death': {
    shopFault: 'none',
    mustEnd: ['kept', 'held'],
    tells: 'In the middle, the Belay server is killed and comes back 20 s later.',
  },
} as const satisfies Record<string, DemoFault>;

interface DemoFault {
  /** What the shop is told. */
  readonly shopFault: string;
  readonly mustEnd: readonly DemoOutcome[];
  readonly tells: string;
}

export type DemoFaultName = keyof typeof demoFaults;
export type DemoOutcome = 'rolled-back' | 'kept' | 'held' | 'undecided';

/** Whether the demo ended as this fault must. */
export function endedWell(fault: DemoFaultName, outcome: DemoOutcome): boolean {
  const allowed: readonly DemoOutcome[] = demoFaults[fault].mustEnd;
  return allowed.includes(outcome);
}
