import { useMutation, useQueryClient } from '@tanstack/preact-query';
import type { JSX, TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { Command, InlineFailure } from '../parts/states.tsx';
import { EntryFrame } from './entry-frame.tsx';

/** Exchanges a token for a session cookie; the token itself is not kept in the browser. */
export function SignInPage({ isSetUp }: { readonly isSetUp: boolean }): JSX.Element {
  const api = useApi();
  const queries = useQueryClient();
  const [token, setToken] = useState('');
  const signIn = useMutation({
    mutationFn: () => api.call('sessionStart', { body: { token: token.trim() } }),
    onSuccess: () => queries.resetQueries(),
  });
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <EntryFrame title="Sign in">
      {!isSetUp && <p>Belay is not set up yet: open the address that the terminal printed when it started.</p>}
      <form onSubmit={submit}>
        <label className="field">
          <span>Token</span>
          <input
            type="password"
            className="mono"
            required
            autoComplete="current-password"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        {signIn.isError && <InlineFailure error={signIn.error} />}
        <footer>
          <button className="btn primary" type="submit" disabled={token.trim() === '' || signIn.isPending}>
            Sign in
          </button>
        </footer>
      </form>
      <p className="sub">No token at hand? Where Belay runs:</p>
      <Command text="belay token create --name me --scope admin" />
    </EntryFrame>
  );
}
