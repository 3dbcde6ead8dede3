import type { SignalDetail, SignalInput, SignalSource } from '@belay/protocol';
import { useMutation, useQueryClient } from '@tanstack/preact-query';
import type { JSX, TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import { useLocation } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { Dialog } from '../parts/dialog.tsx';
import { InlineFailure } from '../parts/states.tsx';
import { draftOf, inputOf, type SignalDraft, sourceTemplates } from './signal-draft.ts';
import { SourceFields } from './source-fields.tsx';

const fresh: SignalInput = { kind: 'ratio', dimension: 'quality', good: 'lower', from: sourceTemplates.spans };

/** Writes a new signal or changes one; a look at the last day comes before keeping it. */
export function SignalDialog(props: {
  readonly signal: SignalDetail | null;
  readonly onClose: () => void;
}): JSX.Element {
  const { signal, onClose } = props;
  const api = useApi();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [draft, setDraft] = useState(() => draftOf(signal?.id ?? '', signal?.definition ?? fresh));
  const read = inputOf(draft, signal?.definition ?? null);
  const input = 'input' in read ? read.input : null;
  const isFixed = signal?.origin === 'belay.yaml';
  const preview = useMutation({
    mutationFn: (body: SignalInput) => api.call('signalPreview', { body }),
  });
  const save = useMutation({
    mutationFn: (body: SignalInput) =>
      api.call('signalPut', { params: { id: draft.id }, body, ifMatch: signal?.version ?? 'absent' }),
    onSuccess: async (saved) => {
      queries.setQueryData(['signal', saved.id], saved);
      await queries.invalidateQueries({ queryKey: ['signals'] });
      onClose();
      navigate(`/signals/${encodeURIComponent(saved.id)}`);
    },
  });
  const change = (part: Partial<SignalDraft>): void => setDraft({ ...draft, ...part });
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (input !== null) save.mutate(input);
  };
  return (
    <Dialog title={signal === null ? 'New signal' : `Edit ${signal.title}`} onClose={onClose} className="wide">
      {isFixed && (
        <p>
          This signal is written in belay.yaml, where it is reviewed like code. Change it there; Belay reads it anew.
        </p>
      )}
      <form onSubmit={submit}>
        <fieldset className="plain" disabled={isFixed}>
          <legend className="vh">Definition</legend>
          <div className="pairs">
            {signal === null && (
              <Text
                label="Id"
                value={draft.id}
                onText={(id) => change({ id })}
                isRequired
                hint="shop.checkout-errors"
              />
            )}
            <Text label="Title" value={draft.title} onText={(title) => change({ title })} hint="Failed check-outs" />
            <Text label="Kept by" value={draft.owner} onText={(owner) => change({ owner })} hint="team-shop" />
          </div>
          <SourceFields draft={draft} onChange={change} onType={(type) => change(newSource(type))} />
          <div className="pairs three">
            <Text label="Target" value={draft.target} onText={(target) => change({ target })} hint="1%" />
            <Text label="Warning" value={draft.warning} onText={(warning) => change({ warning })} hint="1.5%" />
            <Text label="Limit" value={draft.critical} onText={(critical) => change({ critical })} hint="2%" />
            <Text label="Unit" value={draft.unit} onText={(unit) => change({ unit })} hint="%, ms, USD" />
            <Text
              label="Ignore deviations under"
              value={draft.tolerance}
              onText={(tolerance) => change({ tolerance })}
              hint="2%"
            />
          </div>
          <label className="check">
            <input
              type="checkbox"
              checked={draft.alarm}
              onChange={(event) => change({ alarm: event.currentTarget.checked })}
            />
            Tell me when it leaves what is usual
          </label>
        </fieldset>
        {'problem' in read && <p role="status">{read.problem}</p>}
        {preview.data !== undefined && (
          <p className="preview" role="status">
            {[preview.data.sentence, ...preview.data.warnings].join(' ')}
          </p>
        )}
        {preview.isError && <InlineFailure error={preview.error} />}
        {save.isError && <InlineFailure error={save.error} />}
        <footer>
          <button
            className="btn"
            type="button"
            disabled={input === null || preview.isPending}
            onClick={() => input !== null && preview.mutate(input)}
          >
            Try it on the last 24 hours
          </button>
          <button className="btn primary" type="submit" disabled={isFixed || input === null || save.isPending}>
            {signal === null ? 'Create' : 'Save'}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function newSource(type: SignalSource['type']): Partial<SignalDraft> {
  return { source: JSON.stringify(sourceTemplates[type], null, 2) };
}

function Text(props: {
  readonly label: string;
  readonly value: string;
  readonly onText: (text: string) => void;
  readonly hint: string;
  readonly isRequired?: boolean;
}): JSX.Element {
  return (
    <label className="field">
      <span>{props.label}</span>
      <input
        type="text"
        required={props.isRequired === true}
        value={props.value}
        placeholder={props.hint}
        onInput={(event) => props.onText(event.currentTarget.value)}
      />
    </label>
  );
}
