import type { FlagView } from '@belay/protocol';
import { useMutation, useQueryClient } from '@tanstack/preact-query';
import type { JSX, TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { Icon } from '../parts/icon.tsx';
import { InlineFailure } from '../parts/states.tsx';
import { readDraft } from './flag-draft.ts';
import { rulesInWords } from './rules-in-words.ts';

export interface FlagEditorProps {
  readonly flag: FlagView;
  readonly onDone: () => void;
}

/** Edits a flag as JSON; says in words what it would do before it is saved. */
export function FlagEditor({ flag, onDone }: FlagEditorProps): JSX.Element {
  const api = useApi();
  const queries = useQueryClient();
  const [text, setText] = useState(() => JSON.stringify(flag.definition, null, 2));
  const [description, setDescription] = useState(flag.description ?? '');
  // The version that was opened, not the latest: a save on top of somebody else's must be refused.
  const [openedVersion] = useState(flag.version);
  const draft = readDraft(text);
  const save = useMutation({
    mutationFn: () =>
      api.call('flagPut', {
        params: { key: flag.key },
        ifMatch: openedVersion,
        body: {
          definition: draft.definition ?? flag.definition,
          description: description.trim() === '' ? null : description.trim(),
        },
      }),
    onSuccess: (saved) => {
      queries.setQueryData(['flag', flag.key], saved);
      onDone();
    },
  });
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (draft.definition !== null) save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <DefinitionFields text={text} onText={setText} description={description} onDescription={setDescription} />
      {save.isError && <InlineFailure error={save.error} />}
      <footer>
        <button className="btn" type="button" onClick={onDone}>
          Leave it
        </button>
        <button className="btn primary" type="submit" disabled={draft.definition === null || save.isPending}>
          Save
        </button>
      </footer>
    </form>
  );
}

export interface DefinitionFieldsProps {
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly description: string;
  readonly onDescription: (text: string) => void;
}

/** The fields of a flag's definition with their mistakes, or what it means in words. */
export function DefinitionFields({ text, onText, description, onDescription }: DefinitionFieldsProps): JSX.Element {
  const draft = readDraft(text);
  return (
    <>
      <label className="field">
        <span>Description</span>
        <input
          type="text"
          maxLength={500}
          value={description}
          onInput={(event) => onDescription(event.currentTarget.value)}
        />
      </label>
      <label className="field">
        <span>Definition (flagd JSON)</span>
        <textarea
          className="mono code"
          rows={Math.min(24, Math.max(8, text.split('\n').length + 1))}
          spellcheck={false}
          aria-invalid={draft.definition === null}
          aria-describedby="draft-says"
          value={text}
          onInput={(event) => onText(event.currentTarget.value)}
        />
      </label>
      <div id="draft-says" className="draft-says" role="status">
        {draft.definition === null
          ? draft.issues.map((issue) => (
              <p key={issue.path + issue.text} className="v bad">
                <Icon name="octagon" />
                <span>
                  {issue.path !== '' && <span className="mono">{issue.path}</span>} {issue.text}
                </span>
              </p>
            ))
          : rulesInWords(draft.definition).map((sentence) => <p key={sentence}>{sentence}</p>)}
      </div>
    </>
  );
}
