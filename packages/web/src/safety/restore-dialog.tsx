import type { RestorePlan, RestoreRequest } from '@belay/protocol';
import { useMutation, useQuery, useQueryClient } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { formatDuration } from '../format/times.ts';
import { formatSeconds } from '../format/values.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { InlineFailure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { OperationProgress } from './operation-progress.tsx';
import { hasEnded, operationQuery, restorePlanQuery } from './safety-queries.ts';

type Mode = RestoreRequest['mode'];

interface RestoreDialogProps {
  readonly backup: string;
  readonly source: string;
  readonly onClose: () => void;
}

/** Restore in three steps: where to, what it would do and lose, and how far it is. A copy is the way without risk. */
export function RestoreDialog({ backup, source, onClose }: RestoreDialogProps): JSX.Element {
  const api = useApi();
  const queries = useQueryClient();
  const [mode, setMode] = useState<Mode>('copy');
  const restore = useMutation({
    mutationFn: () => api.call('backupRestore', { params: { id: backup }, body: { mode } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['safety'] }),
  });
  return (
    <Dialog title={`Restore ${source}`} onClose={onClose} className="restore">
      {restore.data === undefined ? (
        <>
          <Modes mode={mode} onChoose={setMode} />
          <Confirm
            {...{ backup, source, mode }}
            isBusy={restore.isPending}
            onRestore={() => restore.mutate()}
            onClose={onClose}
          />
          {restore.isError && <InlineFailure error={restore.error} />}
        </>
      ) : (
        <Following id={restore.data.id} onClose={onClose} />
      )}
    </Dialog>
  );
}

function Modes({ mode, onChoose }: { readonly mode: Mode; readonly onChoose: (mode: Mode) => void }): JSX.Element {
  const name = useId();
  return (
    <fieldset className="choices">
      <legend>Where to</legend>
      <label>
        <input type="radio" name={name} checked={mode === 'copy'} onChange={() => onChoose('copy')} />
        Into a copy beside it: nothing that runs is touched
      </label>
      <label>
        <input type="radio" name={name} checked={mode === 'replace'} onChange={() => onChoose('replace')} />
        In place of the live database: what was written since is lost
      </label>
    </fieldset>
  );
}

interface ConfirmProps extends RestoreDialogProps {
  readonly mode: Mode;
  readonly isBusy: boolean;
  readonly onRestore: () => void;
}

function Confirm({ backup, source, mode, isBusy, onRestore, onClose }: ConfirmProps): JSX.Element {
  const plan = useQuery(restorePlanQuery(useApi(), backup, mode));
  const [typed, setTyped] = useState('');
  const isNamed = mode === 'copy' || typed.trim() === source;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (plan.data !== undefined && isNamed) onRestore();
      }}
    >
      {plan.isPending && <Loading what="what it would do" height={130} />}
      {plan.isError && <InlineFailure error={plan.error} />}
      {plan.data !== undefined && <PlanText plan={plan.data} />}
      {mode === 'replace' && (
        <label className="field">
          <span>
            Type <b className="mono">{source}</b> to go on
          </span>
          <input
            type="text"
            value={typed}
            autoComplete="off"
            spellcheck={false}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
      )}
      <footer>
        <button className="btn" type="button" onClick={onClose}>
          Cancel
        </button>
        <button
          className={mode === 'replace' ? 'btn danger' : 'btn primary'}
          type="submit"
          disabled={isBusy || plan.data === undefined || !isNamed}
        >
          {mode === 'replace' ? 'Replace the live database' : 'Restore into a copy'}
        </button>
      </footer>
    </form>
  );
}

function PlanText({ plan }: { readonly plan: RestorePlan }): JSX.Element {
  return (
    <div className="restore-plan">
      <p>
        The state of <Time at={plan.snapshotAt} /> goes to <span className="mono">{plan.target}</span>
        {plan.expectedMs !== null && `; the last test took ${formatSeconds(plan.expectedMs / 1000)}`}.
      </p>
      {plan.mode === 'replace' && (
        <p className="v bad block">
          <Icon name="octagon" />
          The last {formatDuration(plan.lostMs)} of writes are lost. A fresh backup is made first, and the old state is
          kept for 24 hours.
        </p>
      )}
      {plan.mode === 'replace' && plan.lostRows.length > 0 && (
        <ul className="bullets num">
          {plan.lostRows.map((row) => (
            <li key={row.table}>
              <span className="mono">{row.table}</span>:{' '}
              {row.live === null ? 'unknown' : row.live.toLocaleString('en-GB')} rows now,{' '}
              {row.backup === null ? 'not there' : row.backup.toLocaleString('en-GB')} in the backup
            </li>
          ))}
        </ul>
      )}
      {!plan.isProven && <p className="v wait block">This backup was never restored as a test.</p>}
      {plan.warnings.map((warning) => (
        <p key={warning} className="sub">
          {warning}
        </p>
      ))}
    </div>
  );
}

function Following({ id, onClose }: { readonly id: string; readonly onClose: () => void }): JSX.Element {
  const operation = useQuery(operationQuery(useApi(), id));
  return (
    <div aria-live="polite">
      {operation.data === undefined ? (
        <Loading what="the restore" height={130} />
      ) : (
        <OperationProgress operation={operation.data} />
      )}
      {operation.isError && <InlineFailure error={operation.error} />}
      <div className="dialog-acts">
        <button className="btn" type="button" onClick={onClose}>
          {operation.data !== undefined && hasEnded(operation.data) ? 'Close' : 'Close; it goes on'}
        </button>
      </div>
    </div>
  );
}
