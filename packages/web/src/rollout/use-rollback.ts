import type { RolloutView } from '@belay/protocol';
import { useState } from 'preact/hooks';
import { useLive } from '../live/live-provider.tsx';
import { readRollback, type RollbackProgress } from './rollback-progress.ts';
import { type RolloutActions, useRolloutActions } from './rollout-actions.ts';

export interface Rollback {
  readonly actions: RolloutActions;
  readonly progress: RollbackProgress;
  readonly press: () => void;
  readonly takeBack: () => void;
}

/** Roll back now: one press acts, without a question; a slip can be taken back for a minute. */
export function useRollback(rollout: RolloutView): Rollback {
  const actions = useRolloutActions(rollout.id);
  const { now } = useLive();
  const [pressedAt, setPressedAt] = useState<number | null>(null);
  const progress = readRollback(rollout, actions.error === null ? pressedAt : null, now.value);
  const takeBack = async (): Promise<void> => {
    const reason = 'That was a slip.';
    const acknowledged = rollout.allowed.includes('acknowledge')
      ? await actions.actThen('acknowledge', reason)
      : rollout;
    if (acknowledged.allowed.includes('start')) await actions.actThen('start', reason);
    setPressedAt(null);
  };
  return {
    actions,
    progress,
    press() {
      setPressedAt(Date.now());
      actions.act('rollback');
    },
    // A refusal is shown through `actions.error`.
    takeBack: () => void takeBack().catch(() => undefined),
  };
}
