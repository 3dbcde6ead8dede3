import type { OverviewView } from '@belay/protocol';
import { useMutation, useQueryClient } from '@tanstack/preact-query';
import type { JSX, TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { InlineFailure } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { freezeChoices } from './freeze-choices.ts';

/** Freezes changes until a time, or shows and ends the freeze that is on. */
export function FreezeButton({ freeze }: { readonly freeze: OverviewView['freeze'] }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button className="btn" type="button" onClick={() => setOpen(true)}>
        {freeze.active ? (
          <>
            <Icon name="snow" />
            Frozen
            {freeze.until !== null && (
              <>
                {' until '}
                <Time at={freeze.until} />
              </>
            )}
          </>
        ) : (
          'Freeze changes…'
        )}
      </button>
      {isOpen &&
        (freeze.active ? (
          <Thaw freeze={freeze} onClose={() => setOpen(false)} />
        ) : (
          <Freeze onClose={() => setOpen(false)} />
        ))}
    </>
  );
}

function Freeze({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const api = useApi();
  const queries = useQueryClient();
  const [choices] = useState(() => freezeChoices(Date.now()));
  const [until, setUntil] = useState(choices[0]?.until ?? 0);
  const [reason, setReason] = useState('');
  const freeze = useMutation({
    mutationFn: () => api.call('freeze', { body: { until, reason: reason.trim() } }),
    onSuccess: (overview) => {
      queries.setQueryData(['overview'], overview);
      onClose();
    },
  });
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    freeze.mutate();
  };
  return (
    <Dialog title="Freeze changes" onClose={onClose}>
      <form onSubmit={submit}>
        <p>Nothing starts and nothing goes further until then. Guards keep watching and may still roll back.</p>
        <fieldset className="choices">
          <legend>Until</legend>
          {choices.map((choice) => (
            <label key={choice.text}>
              <input
                type="radio"
                name="until"
                checked={choice.until === until}
                onChange={() => setUntil(choice.until)}
              />
              {choice.text}{' '}
              <span className="sub">
                <Time at={choice.until} />
              </span>
            </label>
          ))}
        </fieldset>
        <label className="field">
          <span>Why</span>
          <input
            type="text"
            required
            maxLength={500}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        {freeze.isError && <InlineFailure error={freeze.error} />}
        <footer>
          <button className="btn" type="button" onClick={onClose}>
            Leave it
          </button>
          <button className="btn primary" type="submit" disabled={freeze.isPending || reason.trim() === ''}>
            Freeze changes
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function Thaw({
  freeze,
  onClose,
}: {
  readonly freeze: OverviewView['freeze'];
  readonly onClose: () => void;
}): JSX.Element {
  const api = useApi();
  const queries = useQueryClient();
  const thaw = useMutation({
    mutationFn: () => api.call('unfreeze'),
    onSuccess: (overview) => {
      queries.setQueryData(['overview'], overview);
      onClose();
    },
  });
  return (
    <Dialog title="Changes are frozen" onClose={onClose}>
      {freeze.reason !== null && <p>“{freeze.reason}”</p>}
      {freeze.until !== null && (
        <p>
          Ends by itself <Time at={freeze.until} />.
        </p>
      )}
      {thaw.isError && <InlineFailure error={thaw.error} />}
      <footer>
        <button className="btn" type="button" onClick={onClose}>
          Leave it
        </button>
        <button className="btn primary" type="button" disabled={thaw.isPending} onClick={() => thaw.mutate()}>
          End the freeze
        </button>
      </footer>
    </Dialog>
  );
}
