import { useMutation, useQueryClient } from '@tanstack/preact-query';
import type { JSX, TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import { useLocation } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { InlineFailure } from '../parts/states.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { newFlagText, readDraft } from './flag-draft.ts';
import { DefinitionFields } from './flag-editor.tsx';

// Browsers read `pattern` with the v flag, which wants the slash and the dash escaped in a class.
const KEY_PATTERN = '[A-Za-z0-9][A-Za-z0-9._\\/\\-]*';

/** Makes a flag that serves the old path to everybody until a change is shipped. */
export function NewFlagPage(): JSX.Element {
  const api = useApi();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [key, setKey] = useState('');
  const [text, setText] = useState(newFlagText);
  const [description, setDescription] = useState('');
  const draft = readDraft(text);
  const create = useMutation({
    mutationFn: () =>
      api.call('flagPut', {
        params: { key },
        ifMatch: 'absent',
        // A draft that cannot be read keeps the button disabled; the fresh definition only satisfies the types.
        body: {
          definition: draft.definition ?? { state: 'ENABLED', variants: {} },
          description: description.trim() === '' ? null : description.trim(),
        },
      }),
    onSuccess: async (flag) => {
      await queries.invalidateQueries({ queryKey: ['flags'] });
      navigate(`/flags/${encodeURIComponent(flag.key)}`);
    },
  });
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (draft.definition !== null) create.mutate();
  };
  return (
    <PageFrame title="New flag" trail={[{ text: 'Flags', href: '/flags' }]} here="New">
      <div className="hero">
        <div>
          <h1>New flag</h1>
          <p>It serves “off” to everybody until a change is shipped.</p>
        </div>
      </div>
      <section className="card pad narrow" aria-label="New flag">
        <form onSubmit={submit}>
          <label className="field">
            <span>Key</span>
            <input
              type="text"
              className="mono"
              required
              maxLength={128}
              pattern={KEY_PATTERN}
              placeholder="checkout.v2"
              autoComplete="off"
              spellcheck={false}
              value={key}
              onInput={(event) => setKey(event.currentTarget.value)}
            />
            <small>Letters, digits, “.”, “-”, “_” and “/”. Your code asks for it by this name.</small>
          </label>
          <DefinitionFields text={text} onText={setText} description={description} onDescription={setDescription} />
          {create.isError && <InlineFailure error={create.error} />}
          <footer>
            <button className="btn primary" type="submit" disabled={draft.definition === null || create.isPending}>
              Create the flag
            </button>
          </footer>
        </form>
      </section>
    </PageFrame>
  );
}
