import type { FlagTryResult } from '@belay/protocol';
import { useMutation } from '@tanstack/preact-query';
import type { JSX, TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { Icon } from '../parts/icon.tsx';
import { InlineFailure } from '../parts/states.tsx';
import { readContexts, type TryContext } from './try-contexts.ts';

/** Asks who would get what, without serving anything. */
export function FlagTester({ flagKey }: { readonly flagKey: string }): JSX.Element {
  const api = useApi();
  const [users, setUsers] = useState('user-1\nuser-2\nuser-3');
  const [attributes, setAttributes] = useState('');
  const read = readContexts(users, attributes);
  const tried = useMutation({
    mutationFn: async (contexts: readonly TryContext[]) => {
      const { results } = await api.call('flagTry', { params: { key: flagKey }, body: { contexts: [...contexts] } });
      return results.map((result, index) => ({ result, user: contexts[index]?.targetingKey ?? '' }));
    },
  });
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    tried.mutate(read.contexts);
  };
  return (
    <section className="card pad" aria-labelledby="try-title">
      <h2 id="try-title">Who would get it</h2>
      <form onSubmit={submit}>
        <label className="field">
          <span>Users, one a line</span>
          <textarea
            className="mono"
            rows={3}
            spellcheck={false}
            value={users}
            onInput={(event) => setUsers(event.currentTarget.value)}
          />
        </label>
        <label className="field">
          <span>What is known of them (optional)</span>
          <textarea
            className="mono"
            rows={2}
            spellcheck={false}
            placeholder='{ "country": "DE" }'
            aria-invalid={read.issue !== null}
            value={attributes}
            onInput={(event) => setAttributes(event.currentTarget.value)}
          />
        </label>
        {read.issue !== null && (
          <p className="v bad" role="status">
            <Icon name="octagon" />
            {read.issue}
          </p>
        )}
        <button className="btn" type="submit" disabled={read.contexts.length === 0 || tried.isPending}>
          Try
        </button>
      </form>
      <div role="status">{tried.data !== undefined && <Results tried={tried.data} />}</div>
      {tried.isError && <InlineFailure error={tried.error} />}
    </section>
  );
}

interface Tried {
  readonly result: FlagTryResult['results'][number];
  readonly user: string;
}

function Results({ tried }: { readonly tried: readonly Tried[] }): JSX.Element {
  return (
    <ul className="tried">
      {tried.map(({ result, user }) => (
        <li key={user}>
          <span className="mono">{user}</span>
          <b className="mono">{result.variant ?? 'default in the code'}</b>
          <small>
            {result.why}
            {result.arm === 'forced' && ' Named in a rule, so never judged.'}
          </small>
        </li>
      ))}
    </ul>
  );
}
