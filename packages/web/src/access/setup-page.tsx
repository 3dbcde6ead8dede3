import { useMutation, useQueryClient } from '@tanstack/preact-query';
import type { JSX, TargetedEvent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { Command, InlineFailure } from '../parts/states.tsx';
import { EntryFrame } from './entry-frame.tsx';

/**
 * First visit. The one-time token arrives in the fragment of the address, which no server log and no Referer ever sees;
 * it is cleared from the address before anything else happens.
 */
export function SetupPage(): JSX.Element {
  const api = useApi();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [token, setToken] = useState(() => new URLSearchParams(window.location.hash.slice(1)).get('token') ?? '');
  const [name, setName] = useState('');
  useEffect(() => window.history.replaceState(null, '', window.location.pathname), []);
  const setUp = useMutation({
    mutationFn: () =>
      api.call('setup', { body: { token: token.trim(), ...(name.trim() === '' ? {} : { name: name.trim() }) } }),
    onSuccess: () => setToken(''),
  });
  const enter = async (): Promise<void> => {
    await queries.resetQueries();
    navigate('/', { replace: true });
  };
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    setUp.mutate();
  };
  if (setUp.isSuccess) {
    return (
      <EntryFrame title="Belay is yours">
        <p>This is your admin token. Copy it now: it is shown once and never stored. With it you sign in elsewhere.</p>
        <Command text={setUp.data.secret} />
        <footer>
          <button className="btn primary" type="button" onClick={() => void enter()}>
            Open the dashboard
          </button>
        </footer>
      </EntryFrame>
    );
  }
  return (
    <EntryFrame title="Set Belay up">
      <form onSubmit={submit}>
        <p>The first visitor with the set-up token becomes the owner. The terminal that started Belay printed it.</p>
        <label className="field">
          <span>Set-up token</span>
          <input
            type="password"
            className="mono"
            required
            autoComplete="off"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <label className="field">
          <span>Your name</span>
          <input
            type="text"
            maxLength={80}
            autoComplete="name"
            placeholder="owner"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <small>The ledger names you by it.</small>
        </label>
        {setUp.isError && <InlineFailure error={setUp.error} />}
        <footer>
          <button className="btn primary" type="submit" disabled={token.trim() === '' || setUp.isPending}>
            Set up
          </button>
        </footer>
      </form>
    </EntryFrame>
  );
}
