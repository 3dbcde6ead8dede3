import type { ProfileName } from './types.ts';

/** Defaults of a profile; every one can be set in the plan. Durations in ms. */
export interface Profile {
  readonly stages: readonly {
    readonly share: number;
    readonly soakMs: number;
    readonly minUnits: number;
    readonly approve: boolean;
  }[];
  readonly promote: 'evidence' | 'clock';
  readonly dwellMs: number;
  readonly noData: { readonly graceMs: number; readonly then: 'hold' | 'rollback' };
  readonly cooldown: { readonly firstMs: number; readonly factor: number };
  /** In words, for the settings page. */
  readonly sentence: string;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * The three profiles. `conservative` waits the whole soak and asks a person before half of the traffic; `balanced`
 * goes on early where harm is ruled out; `fast` does the same with short soaks.
 */
export const profiles: Readonly<Record<ProfileName, Profile>> = {
  conservative: {
    stages: [
      { share: 0.01, soakMs: 30 * MINUTE, minUnits: 200, approve: false },
      { share: 0.1, soakMs: 2 * HOUR, minUnits: 2000, approve: false },
      { share: 0.5, soakMs: 12 * HOUR, minUnits: 5000, approve: true },
      { share: 1, soakMs: 0, minUnits: 0, approve: false },
    ],
    promote: 'clock',
    dwellMs: 5 * MINUTE,
    noData: { graceMs: 15 * MINUTE, then: 'hold' },
    cooldown: { firstMs: 4 * HOUR, factor: 4 },
    sentence: 'Every stage lasts its whole time, and a person approves half of the traffic.',
  },
  balanced: {
    stages: [
      { share: 0.01, soakMs: 10 * MINUTE, minUnits: 100, approve: false },
      { share: 0.1, soakMs: 20 * MINUTE, minUnits: 1000, approve: false },
      { share: 0.5, soakMs: 40 * MINUTE, minUnits: 2000, approve: false },
      { share: 1, soakMs: 0, minUnits: 0, approve: false },
    ],
    promote: 'evidence',
    dwellMs: 30 * SECOND,
    noData: { graceMs: 15 * MINUTE, then: 'hold' },
    cooldown: { firstMs: HOUR, factor: 4 },
    sentence: 'A stage ends early once harm is ruled out, otherwise after its time.',
  },
  fast: {
    stages: [
      { share: 0.01, soakMs: 2 * MINUTE, minUnits: 50, approve: false },
      { share: 0.1, soakMs: 5 * MINUTE, minUnits: 300, approve: false },
      { share: 0.5, soakMs: 10 * MINUTE, minUnits: 500, approve: false },
      { share: 1, soakMs: 0, minUnits: 0, approve: false },
    ],
    promote: 'evidence',
    dwellMs: 30 * SECOND,
    noData: { graceMs: 5 * MINUTE, then: 'hold' },
    cooldown: { firstMs: 15 * MINUTE, factor: 4 },
    sentence: 'Short stages that end as soon as harm is ruled out.',
  },
};
