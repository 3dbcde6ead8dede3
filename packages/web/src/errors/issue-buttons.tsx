import type { IssueAct, IssueDetail } from '@belay/protocol';
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { useDismiss } from '../parts/use-dismiss.ts';
import type { IssueActions } from './use-issue-actions.ts';

const DAY = 86_400_000;
const ignoreChoices: readonly { readonly text: string; readonly what: () => IssueAct }[] = [
  { text: 'for a day', what: () => ({ action: 'ignore', until: Date.now() + DAY }) },
  { text: 'until it happens 100 more times', what: () => ({ action: 'ignore', events: 100 }) },
  { text: 'until 10 more users meet it', what: () => ({ action: 'ignore', users: 10 }) },
  { text: 'for good', what: () => ({ action: 'ignore' }) },
];
const buttons = [
  { action: 'resolve', text: 'Resolve', look: 'primary' },
  { action: 'resolve-next-release', text: 'Resolved in the next release', look: '' },
  { action: 'reopen', text: 'Reopen', look: '' },
] as const;

/** What can be done with an error now. */
export function IssueButtons(props: { readonly issue: IssueDetail; readonly actions: IssueActions }): JSX.Element {
  const { issue, actions } = props;
  const act = (what: IssueAct): void => actions.act([issue.id], what);
  return (
    <>
      {buttons
        .filter((one) => issue.allowed.includes(one.action))
        .map((one) => (
          <button
            key={one.action}
            className={`btn small ${one.look}`}
            type="button"
            disabled={actions.isBusy}
            onClick={() => act({ action: one.action })}
          >
            {one.text}
          </button>
        ))}
      {issue.allowed.includes('ignore') && <IgnoreMenu isBusy={actions.isBusy} act={act} />}
    </>
  );
}

function IgnoreMenu(props: { readonly isBusy: boolean; readonly act: (what: IssueAct) => void }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  useDismiss(box, isOpen, () => setOpen(false));
  return (
    <span className="menu" ref={box}>
      <button
        className="btn small"
        type="button"
        aria-expanded={isOpen}
        disabled={props.isBusy}
        onClick={() => setOpen(!isOpen)}
      >
        Ignore
        <Icon name="down" />
      </button>
      {isOpen && (
        <ul className="menu-list">
          {ignoreChoices.map((choice) => (
            <li key={choice.text}>
              <button
                type="button"
                onClick={() => {
                  props.act(choice.what());
                  setOpen(false);
                }}
              >
                {choice.text}
              </button>
            </li>
          ))}
        </ul>
      )}
    </span>
  );
}
