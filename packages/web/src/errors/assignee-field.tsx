import type { IssueDetail } from '@belay/protocol';
import type { JSX, TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import type { IssueActions } from './use-issue-actions.ts';

/** Who looks after an error: a name or a team, in plain text. */
export function AssigneeField(props: { readonly issue: IssueDetail; readonly actions: IssueActions }): JSX.Element {
  const { issue, actions } = props;
  const [name, setName] = useState(issue.assignee ?? '');
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    actions.act([issue.id], { action: 'assign', assignee: name.trim() === '' ? null : name.trim() });
  };
  return (
    <form className="inline-form" onSubmit={submit}>
      <input
        type="text"
        aria-label="Who looks after it"
        placeholder="Nobody yet"
        maxLength={128}
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <button className="btn small" type="submit" disabled={actions.isBusy || name.trim() === (issue.assignee ?? '')}>
        Save
      </button>
    </form>
  );
}
