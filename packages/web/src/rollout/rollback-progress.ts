import { undoTime } from '@belay/core/rollout';
import type { RolloutView } from '@belay/protocol';

const SLIP_MS = 60_000;

type Undone = Pick<RolloutView, 'status' | 'endedAt' | 'allowed' | 'undo'>;

/** What the place of the rollback button says after it was pressed in this tab. */
export type RollbackProgress =
  | { readonly kind: 'none' }
  | { readonly kind: 'going'; readonly text: string }
  | { readonly kind: 'done'; readonly text: string; readonly canTakeBack: boolean };

/** Reads the progress of a rollback that was asked for at `pressedAt` (this browser's time). */
export function readRollback(rollout: Undone, pressedAt: number | null, now: number): RollbackProgress {
  if (pressedAt === null) return { kind: 'none' };
  const { undo } = rollout;
  const isConfirmed =
    rollout.status === 'rolled-back' &&
    undo.ms !== null &&
    undo.measuredAt !== null &&
    undo.measuredAt >= (rollout.endedAt ?? 0);
  if (rollout.status === 'rolled-back' && undo.instances === 0) {
    return { kind: 'done', text: 'Done; no instance is connected', canTakeBack: isSlip(rollout, pressedAt, now) };
  }
  if (!isConfirmed) {
    const of = undo.instances === 0 ? '' : ` ${undo.instancesConfirmed} of ${undo.instances} instances`;
    return { kind: 'going', text: `Rolling back…${rollout.status === 'rolled-back' ? of : ''}` };
  }
  return { kind: 'done', text: `Done in ${undoTime(undo.ms ?? 0)}`, canTakeBack: isSlip(rollout, pressedAt, now) };
}

function isSlip(rollout: Undone, pressedAt: number, now: number): boolean {
  return now - pressedAt < SLIP_MS && rollout.allowed.some((action) => action === 'start' || action === 'acknowledge');
}
