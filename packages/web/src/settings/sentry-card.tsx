import { useMutation, useQuery, useQueryClient } from '@tanstack/preact-query';
import type { JSX, TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { isMissing } from '../api/explain-error.ts';
import { sentryKeysQuery } from '../api/queries.ts';
import { Icon } from '../parts/icon.tsx';
import { Command, Failure, InlineFailure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';

/** DSNs for Sentry SDKs: made, shown once, taken back. */
export function SentryCard(): JSX.Element | null {
  const api = useApi();
  const queries = useQueryClient();
  const list = useQuery(sentryKeysQuery(api));
  const [service, setService] = useState('');
  const refresh = () => queries.invalidateQueries({ queryKey: ['sentry-keys'] });
  const create = useMutation({
    mutationFn: () => api.call('sentryKeyCreate', { body: { service: service.trim() } }),
    onSuccess: async () => {
      setService('');
      await refresh();
    },
  });
  const revoke = useMutation({
    mutationFn: (id: string) => api.call('sentryKeyRevoke', { params: { id } }),
    onSuccess: refresh,
  });
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    create.mutate();
  };
  if (isMissing(list.error)) return null;
  return (
    <section className="card" aria-labelledby="sentry-title">
      <header>
        <h2 id="sentry-title">Sentry SDKs</h2>
        <span className="sub">change the DSN and nothing else</span>
      </header>
      {list.isPending && <Loading what="the keys" height={80} />}
      {list.isError && list.data === undefined && (
        <Failure error={list.error} what="The keys could not be read" onRetry={() => void list.refetch()} />
      )}
      <ul className="net">
        {list.data?.items.map((key) => (
          <li key={key.id}>
            <span className="v none">
              <Icon name="link" />
            </span>
            <span className="k">
              {key.service}
              <small className="num">
                project {key.project}, {key.hint}…, {key.lastUsedAt === null ? 'never used' : 'last used '}
                {key.lastUsedAt !== null && <Time at={key.lastUsedAt} />}
              </small>
            </span>
            <button
              className="btn small"
              type="button"
              disabled={revoke.isPending}
              onClick={() => revoke.mutate(key.id)}
            >
              Revoke<span className="vh"> the key of {key.service}</span>
            </button>
          </li>
        ))}
      </ul>
      <form className="sentry-new" onSubmit={submit}>
        <input
          type="text"
          aria-label="Service that reports"
          placeholder="Service, such as shop"
          required
          maxLength={128}
          value={service}
          onInput={(event) => setService(event.currentTarget.value)}
        />
        <button className="btn" type="submit" disabled={create.isPending || service.trim() === ''}>
          New DSN
        </button>
      </form>
      {create.isError && <InlineFailure error={create.error} />}
      {revoke.isError && <InlineFailure error={revoke.error} />}
      {create.data !== undefined && (
        <div className="sentry-made" role="status">
          <p>The DSN of {create.data.service}. It is shown this once.</p>
          <Command text={create.data.dsn} />
        </div>
      )}
    </section>
  );
}
