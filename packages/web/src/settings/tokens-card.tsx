import type { Scope, TokenCreated, TokenView } from '@belay/protocol';
import { useMutation, useQuery, useQueryClient } from '@tanstack/preact-query';
import type { JSX, TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { tokensQuery } from '../api/queries.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Command, Empty, Failure, InlineFailure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';

const scopeWords = {
  ingest: 'send telemetry',
  evaluate: 'read flags in a service',
  read: 'look at everything',
  operate: 'ship, hold, roll back',
  admin: 'everything, tokens too',
} as const satisfies Record<Scope, string>;
const scopes = ['ingest', 'evaluate', 'read', 'operate', 'admin'] as const satisfies readonly Scope[];

/** Tokens: who has which, and one press to take one back. */
export function TokensCard(): JSX.Element {
  const api = useApi();
  const queries = useQueryClient();
  const tokens = useQuery(tokensQuery(api));
  const [isCreating, setCreating] = useState(false);
  const [created, setCreated] = useState<TokenCreated | null>(null);
  const [revoking, setRevoking] = useState<TokenView | null>(null);
  const reload = (): void => void queries.invalidateQueries({ queryKey: ['tokens'] });
  return (
    <section className="card" aria-labelledby="tokens-title">
      <header>
        <h2 id="tokens-title">Tokens</h2>
        <button className="btn small push" type="button" onClick={() => setCreating(true)}>
          New token
        </button>
      </header>
      {tokens.data !== undefined && tokens.data.items.length > 0 && (
        <TokenTable tokens={tokens.data.items} onRevoke={setRevoking} />
      )}
      {tokens.isSuccess && tokens.data.items.length === 0 && (
        <Empty title="No token">Services and pipelines each get their own.</Empty>
      )}
      {tokens.isPending && <Loading what="the tokens" height={160} />}
      {tokens.isError && (
        <Failure error={tokens.error} what="The tokens could not be read" onRetry={() => void tokens.refetch()} />
      )}
      {isCreating && (
        <CreateToken
          onClose={() => setCreating(false)}
          onCreated={(token) => {
            setCreating(false);
            setCreated(token);
            reload();
          }}
        />
      )}
      {created !== null && <ShowOnce token={created} onClose={() => setCreated(null)} />}
      {revoking !== null && (
        <RevokeToken
          token={revoking}
          onClose={() => {
            setRevoking(null);
            reload();
          }}
        />
      )}
    </section>
  );
}

function TokenTable({
  tokens,
  onRevoke,
}: {
  readonly tokens: readonly TokenView[];
  readonly onRevoke: (token: TokenView) => void;
}): JSX.Element {
  return (
    <table className="tb tokens">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">May</th>
          <th scope="col">Last used</th>
          <th scope="col">
            <span className="vh">Revoke</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <tr key={token.id}>
            <td className="nm">
              {token.name} <small className="mono">{token.hint}…</small>
            </td>
            <td className="wide">{token.scopes.join(', ')}</td>
            <td className="m">
              {token.lastUsedAt === null ? 'never' : <Time at={token.lastUsedAt} />}
              {token.expiresAt !== null && (
                <>
                  , ends <Time at={token.expiresAt} />
                </>
              )}
            </td>
            <td>
              <button
                className="btn small"
                type="button"
                aria-label={`Revoke ${token.name}`}
                onClick={() => onRevoke(token)}
              >
                Revoke
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function CreateToken({
  onClose,
  onCreated,
}: {
  readonly onClose: () => void;
  readonly onCreated: (token: TokenCreated) => void;
}): JSX.Element {
  const api = useApi();
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<readonly Scope[]>(['ingest', 'evaluate']);
  const [days, setDays] = useState('');
  const create = useMutation({
    mutationFn: () =>
      api.call('tokenCreate', {
        body: { name: name.trim(), scopes: [...chosen], ...(days === '' ? {} : { expiresInDays: Number(days) }) },
      }),
    onSuccess: onCreated,
  });
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog title="New token" onClose={onClose}>
      <form onSubmit={submit}>
        <label className="field">
          <span>Name</span>
          <input
            type="text"
            required
            maxLength={80}
            placeholder="shop in production"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <fieldset className="choices">
          <legend>It may</legend>
          {scopes.map((scope) => (
            <label key={scope}>
              <input
                type="checkbox"
                checked={chosen.includes(scope)}
                onChange={(event) =>
                  setChosen(
                    event.currentTarget.checked ? [...chosen, scope] : chosen.filter((other) => other !== scope),
                  )
                }
              />
              {scope} <span className="sub">{scopeWords[scope]}</span>
            </label>
          ))}
        </fieldset>
        <label className="field">
          <span>Ends after days (optional)</span>
          <input
            type="number"
            min={1}
            max={3650}
            value={days}
            onInput={(event) => setDays(event.currentTarget.value)}
          />
        </label>
        {create.isError && <InlineFailure error={create.error} />}
        <footer>
          <button className="btn" type="button" onClick={onClose}>
            Leave it
          </button>
          <button
            className="btn primary"
            type="submit"
            disabled={create.isPending || name.trim() === '' || chosen.length === 0}
          >
            Create
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function ShowOnce({ token, onClose }: { readonly token: TokenCreated; readonly onClose: () => void }): JSX.Element {
  return (
    <Dialog title={`Token “${token.name}”`} onClose={onClose}>
      <p>Copy it now: it is shown once and never stored.</p>
      <Command text={token.secret} />
      <p className="sub">
        In a service: <span className="mono">BELAY_KEY</span>. In a pipeline:{' '}
        <span className="mono">belay --token</span>.
      </p>
      <footer>
        <button className="btn primary" type="button" onClick={onClose}>
          I have it
        </button>
      </footer>
    </Dialog>
  );
}

function RevokeToken({ token, onClose }: { readonly token: TokenView; readonly onClose: () => void }): JSX.Element {
  const api = useApi();
  const revoke = useMutation({
    mutationFn: () => api.call('tokenRevoke', { params: { id: token.id } }),
    onSuccess: onClose,
  });
  return (
    <Dialog title={`Revoke “${token.name}”?`} onClose={onClose}>
      <p>Whatever uses it is refused from now on. This cannot be taken back.</p>
      {revoke.isError && <InlineFailure error={revoke.error} />}
      <footer>
        <button className="btn" type="button" onClick={onClose}>
          Leave it
        </button>
        <button className="btn danger" type="button" disabled={revoke.isPending} onClick={() => revoke.mutate()}>
          Revoke
        </button>
      </footer>
    </Dialog>
  );
}
