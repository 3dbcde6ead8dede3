import type { GuardView, RolloutView } from '@belay/protocol';
import type { JSX, TargetedEvent } from 'preact';
import { useId, useState } from 'preact/hooks';
import { formatShare } from '../format/numbers.ts';
import { Dialog } from '../parts/dialog.tsx';
import { InlineFailure } from '../parts/states.tsx';
import { VerdictWord } from '../parts/verdict-word.tsx';

export interface ReasonDialogProps {
  readonly rollout: RolloutView;
  readonly act: 'promote' | 'acknowledge' | 'approve' | 'start';
  readonly onClose: () => void;
  readonly onConfirm: (reason: string | undefined) => Promise<unknown>;
}

/** The dangerous direction costs a reason, and shows first what is not known yet. */
export function ReasonDialog({ rollout, act, onClose, onConfirm }: ReasonDialogProps): JSX.Element {
  const [reason, setReason] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const field = useId();
  const words = wordsOf(rollout, act);
  const isNeeded = act !== 'approve';
  const confirm = async (): Promise<void> => {
    setBusy(true);
    try {
      await onConfirm(reason.trim() === '' ? undefined : reason.trim());
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Dialog title={words.title} onClose={onClose}>
      <form
        onSubmit={(event: TargetedEvent<HTMLFormElement>) => {
          event.preventDefault();
          void confirm();
        }}
      >
        <p>{words.text}</p>
        {act === 'promote' && <Undecided guards={rollout.guards} />}
        <label className="field" htmlFor={field}>
          <span>{isNeeded ? 'Why' : 'Why (optional)'}</span>
          <textarea
            id={field}
            rows={2}
            maxLength={1000}
            required={isNeeded}
            value={reason}
            onInput={(event: TargetedEvent<HTMLTextAreaElement>) => setReason(event.currentTarget.value)}
          />
          <small>It goes into the ledger under your name.</small>
        </label>
        {error !== null && <InlineFailure error={error} />}
        <footer>
          <button className="btn" type="button" onClick={onClose}>
            Leave it
          </button>
          <button className="btn primary" type="submit" disabled={isBusy || (isNeeded && reason.trim() === '')}>
            {words.verb}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function Undecided({ guards }: { readonly guards: readonly GuardView[] }): JSX.Element {
  const open = guards.filter((guard) => guard.verdict !== 'better' && guard.verdict !== 'not-worse');
  if (open.length === 0) return <p>Every guard has ruled out harm at this share.</p>;
  return (
    <>
      <p>{open.length === 1 ? 'This guard has' : 'These guards have'} not ruled out harm:</p>
      <ul className="plain-list">
        {open.map((guard) => (
          <li key={guard.id}>
            <VerdictWord guard={guard} />
            <span>
              <b>{guard.title}</b>
              <small>{guard.sentence}</small>
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function wordsOf(rollout: RolloutView, act: ReasonDialogProps['act']): { title: string; text: string; verb: string } {
  const next = rollout.stages.find((stage) => stage.status === 'todo');
  const share = formatShare(next?.share ?? 1);
  switch (act) {
    case 'promote':
      return {
        title: `Go to ${share} now?`,
        text: 'This skips what is left of the present stage.',
        verb: `Go to ${share}`,
      };
    case 'approve':
      return {
        title: `Approve ${share}?`,
        text: 'The change then goes on by itself once its gates are met.',
        verb: 'Approve',
      };
    case 'acknowledge':
      return {
        title: 'Name the cause',
        text: 'Say what went wrong and what is different now. After that, and after the cool-down, it may be tried again.',
        verb: 'Name the cause',
      };
    case 'start':
      return {
        title: `Try again at ${formatShare(rollout.stages[0]?.share ?? 0)}?`,
        text: 'The same users come first again, under the same guards.',
        verb: 'Start again',
      };
  }
}
