export { createInvariants, type Invariants } from './invariants.ts';
export { checkInvariantsOn } from './check-invariants-on.ts';
export type { Invariant, InvariantDatabase, InvariantSettings } from './invariant-settings.ts';
