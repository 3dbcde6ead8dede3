import { nameOfShare, units } from './words/numbers.ts';
import type { Actor, HoldCode, LedgerEffect, RolloutState } from './types.ts';

interface Said {
  readonly actor: Actor;
  readonly reason: string | null;
}

/** Ledger entries of a rollout: every surface prints these sentences. Times stand in the entry, not in the words. */
export const ledger = {
  scheduled: (state: RolloutState, said: Said): LedgerEffect =>
    entry(state, {
      ...said,
      kind: 'rollout.scheduled',
      tone: 'wait',
      sentence: `${title(state)} waits for an approval of its first stage.`,
    }),

  started: (state: RolloutState, said: Said): LedgerEffect =>
    entry(state, {
      ...said,
      kind: 'rollout.started',
      tone: 'live',
      sentence: `${title(state)} started at ${present(state)}.`,
    }),

  promoted: (
    state: RolloutState,
    said: Said & { readonly because: 'start' | 'evidence' | 'clock' | 'person' },
  ): LedgerEffect =>
    entry(state, {
      ...said,
      kind: 'rollout.promoted',
      tone: 'live',
      sentence: `Went to ${present(state)}: ${WHY[said.because]}.`,
      details: { because: said.because },
    }),

  approved: (state: RolloutState, said: Said & { readonly stage: number }): LedgerEffect =>
    entry(state, {
      ...said,
      kind: 'rollout.approved',
      tone: 'ok',
      sentence: `Approved to go to ${shareAt(state, said.stage)}.`,
      details: { stage: said.stage },
    }),

  held: (state: RolloutState): LedgerEffect => {
    const code = state.held?.code ?? 'person';
    return entry(state, {
      actor: state.held?.actor ?? BELAY,
      reason: state.held?.reason ?? null,
      kind: 'rollout.held',
      tone: 'wait',
      sentence: `Held at ${present(state)}: ${HELD[code]}.`,
      details: { code, guards: state.held?.guards ?? [] },
    });
  },

  resumed: (state: RolloutState, said: Said): LedgerEffect =>
    entry(state, { ...said, kind: 'rollout.resumed', tone: 'live', sentence: `Goes on at ${present(state)}.` }),

  warned: (state: RolloutState, guard: string | null): LedgerEffect =>
    entry(state, {
      actor: BELAY,
      reason: null,
      kind: 'rollout.warned',
      tone: 'wait',
      sentence: `${guardTitle(state, guard)} may be getting worse at ${present(state)}; not going on until it is clear.`,
      details: { guard },
    }),

  rolledBack: (state: RolloutState): LedgerEffect => {
    const { ending } = state;
    return entry(state, {
      actor: ending?.actor ?? BELAY,
      reason: ending?.reason ?? null,
      kind: 'rollout.rolled-back',
      tone: 'bad',
      sentence: rolledBackSentence(state),
      details: {
        code: ending?.code ?? null,
        guard: ending?.guard ?? null,
        stage: ending?.stage ?? null,
        share: ending?.share ?? null,
        ...(ending?.trip == null ? {} : { trip: ending.trip }),
      },
    });
  },

  kept: (state: RolloutState, said: Said): LedgerEffect =>
    entry(state, {
      ...said,
      kind: 'rollout.kept',
      tone: 'ok',
      sentence: `Kept ${title(state)}: everybody has the new path.`,
    }),

  cancelled: (state: RolloutState, said: Said): LedgerEffect =>
    entry(state, {
      ...said,
      kind: 'rollout.cancelled',
      tone: 'none',
      sentence: `Discarded ${title(state)} before it went out.`,
    }),

  acknowledged: (state: RolloutState, said: Said): LedgerEffect =>
    entry(state, {
      ...said,
      kind: 'rollout.acknowledged',
      tone: 'none',
      sentence: `Named the cause: ${said.reason ?? ''}`,
    }),
} as const;

interface EntryParts extends Said {
  readonly kind: string;
  readonly sentence: string;
  readonly tone: LedgerEffect['tone'];
  readonly details?: Readonly<Record<string, unknown>>;
}

function entry(state: RolloutState, parts: EntryParts): LedgerEffect {
  const details = {
    attempt: state.attempt,
    stage: state.stage,
    share: state.plan.stages[state.stage]?.share ?? 0,
    ...parts.details,
  };
  return { type: 'ledger', ...parts, details };
}

function rolledBackSentence(state: RolloutState): string {
  const { ending } = state;
  const at = `at ${present(state)}`;
  switch (ending?.code) {
    case 'harm':
      return `Rolled back ${title(state)} ${at}: ${guardTitle(state, ending.guard).toLowerCase()} crossed the limit.`;
    case 'trip':
      return `Rolled back ${title(state)} ${at}: ${ending.trip?.instance ?? 'an instance'} cut it off itself after ${units(ending.trip?.errors ?? 0)} failures in ${units(ending.trip?.units ?? 0)} requests.`;
    case 'no-data':
      return `Rolled back ${title(state)} ${at}: nothing could be measured.`;
    case 'kill':
      return `Rolled back ${title(state)} ${at} with everything else that was going out.`;
    case 'person':
    case 'kept':
    case 'cancelled':
    case undefined:
      return `Rolled back ${title(state)} ${at} by hand.`;
  }
}

function present(state: RolloutState): string {
  return shareAt(state, state.stage);
}

function shareAt(state: RolloutState, stage: number): string {
  return nameOfShare(state.plan.stages[stage]?.share ?? 0);
}

function title({ plan }: RolloutState): string {
  return `"${plan.title}"`;
}

function guardTitle({ plan }: RolloutState, id: string | null): string {
  return plan.guards.find((guard) => guard.id === id)?.title ?? 'A guard';
}

const BELAY: Actor = { kind: 'machine', name: 'Belay', via: 'guard' };

const WHY = {
  start: 'started',
  evidence: 'every guard has ruled out harm',
  clock: 'its time is over and nothing got worse',
  person: 'by hand, before the guards agreed',
} as const;

/** Why a rollout stands still, as the middle of a sentence. */
const HELD: Readonly<Record<HoldCode, string>> = {
  person: 'by hand',
  approval: 'the next stage waits for an approval',
  harm: 'a guard crossed its limit',
  split: 'users are not split as planned',
  'no-exposures': 'nobody has reached the new path',
  'no-telemetry': 'no outcomes arrive',
  'no-measurements': 'a guard has nothing to measure',
};
