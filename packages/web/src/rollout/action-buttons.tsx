import type { RolloutView } from '@belay/protocol';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { formatShare } from '../format/numbers.ts';
import { Icon } from '../parts/icon.tsx';
import { InlineFailure } from '../parts/states.tsx';
import { ReasonDialog } from './reason-dialog.tsx';
import type { Rollback } from './use-rollback.ts';

export interface ActionButtonsProps {
  readonly rollout: RolloutView;
  readonly rollback: Rollback;
  /** The bar of a phone shows the two that matter in a hurry. */
  readonly isShort?: boolean;
}

type Asking = 'promote' | 'acknowledge' | 'approve' | 'start';

/** What the present state allows: the safe direction in one press, the other way with a reason. */
export function ActionButtons({ rollout, rollback, isShort = false }: ActionButtonsProps): JSX.Element {
  const [asking, setAsking] = useState<Asking | null>(null);
  const { actions, progress } = rollback;
  const can = (action: RolloutView['allowed'][number]): boolean => rollout.allowed.includes(action);
  const next = rollout.stages.find((stage) => stage.status === 'todo');
  if (progress.kind !== 'none') return <Progress rollback={rollback} firstShare={rollout.stages[0]?.share ?? 0} />;
  return (
    <>
      {can('hold') && (
        <button className="btn" type="button" disabled={actions.pending !== null} onClick={() => actions.act('hold')}>
          <Icon name="pause" />
          Hold
        </button>
      )}
      {can('resume') && (
        <button className="btn" type="button" disabled={actions.pending !== null} onClick={() => actions.act('resume')}>
          <Icon name="play" />
          Resume
        </button>
      )}
      {can('approve') && <Ask text="Approve…" onPress={() => setAsking('approve')} />}
      {!isShort && can('promote') && (
        <Ask
          text={next === undefined ? 'Finish…' : `Go to ${formatShare(next.share)}…`}
          onPress={() => setAsking('promote')}
        />
      )}
      {can('acknowledge') && <Ask text="Name the cause…" onPress={() => setAsking('acknowledge')} />}
      {can('start') && (
        <Ask
          text={rollout.status === 'draft' ? 'Start' : 'Try again…'}
          onPress={() => (rollout.status === 'draft' ? actions.act('start') : setAsking('start'))}
        />
      )}
      {can('cancel') && (
        <button className="btn" type="button" onClick={() => actions.act('cancel')}>
          Discard
        </button>
      )}
      {can('rollback') && (
        <button className="btn danger" type="button" onClick={rollback.press}>
          <Icon name="back" />
          Roll back now
          {!isShort && <kbd aria-hidden="true">R</kbd>}
        </button>
      )}
      {actions.error !== null && <InlineFailure error={actions.error} />}
      {asking !== null && (
        <ReasonDialog
          rollout={rollout}
          act={asking}
          onClose={() => setAsking(null)}
          onConfirm={(reason) => actions.actThen(asking, reason)}
        />
      )}
    </>
  );
}

function Ask({ text, onPress }: { readonly text: string; readonly onPress: () => void }): JSX.Element {
  return (
    <button className="btn" type="button" onClick={onPress}>
      {text}
    </button>
  );
}

function Progress({ rollback, firstShare }: { readonly rollback: Rollback; readonly firstShare: number }): JSX.Element {
  const { progress } = rollback;
  if (progress.kind === 'none') return <></>;
  return (
    <span className="undo-progress" role="status">
      <span className={`v ${progress.kind === 'done' ? 'ok' : 'none'}`}>
        <Icon name={progress.kind === 'done' ? 'check' : 'back'} />
        <span className="num">{progress.text}</span>
      </span>
      {progress.kind === 'done' && progress.canTakeBack && (
        <button className="btn" type="button" onClick={rollback.takeBack}>
          That was a slip: start again at {formatShare(firstShare)}
        </button>
      )}
    </span>
  );
}
