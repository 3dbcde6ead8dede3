import type { FlagView, PlanReport } from '@belay/protocol';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useLocation } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { flagsQuery, planQuery } from '../api/queries.ts';
import { formatShare, plural } from '../format/numbers.ts';
import { formatDuration } from '../format/times.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { Empty, InlineFailure, Loading } from '../parts/states.tsx';
import { MoreRows } from '../parts/more-rows.tsx';

export interface ShipDialogProps {
  /** The flag, when it is already known; else the first step asks for it. */
  readonly flag: string | null;
  readonly onClose: () => void;
}

/** Ship a change in three presses: this dialog, the flag, Start. The plan stands between, in one sentence. */
export function ShipDialog({ flag, onClose }: ShipDialogProps): JSX.Element {
  const [chosen, setChosen] = useState(flag);
  return (
    <Dialog title="Ship a change" onClose={onClose} className="wide">
      {chosen === null ? (
        <ChooseFlag onChoose={setChosen} />
      ) : (
        <Plan flag={chosen} onClose={onClose} onBack={flag === null ? () => setChosen(null) : null} />
      )}
    </Dialog>
  );
}

function ChooseFlag({ onChoose }: { readonly onChoose: (flag: string) => void }): JSX.Element {
  const list = useInfiniteQuery(flagsQuery(useApi()));
  const [typed, setTyped] = useState('');
  const all = list.data?.pages.flatMap((page) => page.items) ?? [];
  const shown = all.filter((flag) =>
    `${flag.key} ${flag.description ?? ''}`.toLowerCase().includes(typed.toLowerCase()),
  );
  if (list.isPending) return <Loading what="the flags" height={160} />;
  if (list.isError) return <InlineFailure error={list.error} />;
  if (all.length === 0) {
    return (
      <Empty title="There is no flag to ship yet" commands={['belay init']}>
        Put a flag around the new path first; <code>belay init</code> shows how.
      </Empty>
    );
  }
  return (
    <>
      {all.length > 6 && (
        <input
          className="text"
          type="search"
          aria-label="Filter flags"
          placeholder="Which flag?"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      )}
      <ul className="choose">
        {shown.map((flag) => (
          <li key={flag.key}>
            <FlagChoice flag={flag} onChoose={onChoose} />
          </li>
        ))}
      </ul>
      <MoreRows list={list} text="Show more flags" />
    </>
  );
}

function FlagChoice({
  flag,
  onChoose,
}: {
  readonly flag: FlagView;
  readonly onChoose: (flag: string) => void;
}): JSX.Element {
  return (
    <button type="button" disabled={flag.rolloutId !== null} onClick={() => onChoose(flag.key)}>
      <span className="mono">{flag.key}</span>
      <small>{flag.rolloutId === null ? flag.whoGetsWhat : 'A change of it is going out already.'}</small>
    </button>
  );
}

function Plan(props: {
  readonly flag: string;
  readonly onClose: () => void;
  readonly onBack: (() => void) | null;
}): JSX.Element {
  const api = useApi();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const plan = useQuery(planQuery(api, props.flag));
  const start = useMutation({
    mutationFn: () => api.call('rolloutCreate', { body: { flag: props.flag, start: true } }),
    onSuccess: async (rollout) => {
      queries.setQueryData(['rollout', rollout.id], rollout);
      props.onClose();
      navigate(`/changes/${rollout.id}`);
      await queries.invalidateQueries({ queryKey: ['overview'] });
    },
  });
  return (
    <>
      {plan.isPending && <Loading what="the plan" height={220} />}
      {plan.isError && <InlineFailure error={plan.error} />}
      {plan.data !== undefined && <PlanWords plan={plan.data} />}
      {start.isError && <InlineFailure error={start.error} />}
      <footer>
        <button className="btn" type="button" onClick={props.onBack ?? props.onClose}>
          {props.onBack === null ? 'Leave it' : 'Another flag'}
        </button>
        <button
          className="btn primary"
          type="button"
          disabled={plan.data === undefined || plan.data.conflicts.length > 0 || start.isPending}
          onClick={() => start.mutate()}
        >
          <Icon name="play" />
          {plan.data === undefined ? 'Start' : `Start at ${formatShare(plan.data.stages[0]?.share ?? 0)}`}
        </button>
      </footer>
    </>
  );
}

function PlanWords({ plan }: { readonly plan: PlanReport }): JSX.Element {
  return (
    <div className="plan">
      <p className="meta">
        <span className="mono">{plan.flagKey}</span> {plan.controlVariant} → {plan.canaryVariant}
      </p>
      <p className="lead">{plan.sentence}</p>
      <p>{plan.reach}</p>
      {plan.conflicts.map((conflict) => (
        <p key={conflict.code} className="note bad">
          <Icon name="octagon" />
          {conflict.sentence}
        </p>
      ))}
      {plan.warnings.map((warning) => (
        <p key={warning} className="note wait">
          <Icon name="triangle" />
          {warning}
        </p>
      ))}
      <details>
        <summary>Stages and {plural(plan.guards.length, 'guard')}</summary>
        <ol className="plan-stages">
          {plan.stages.map((stage) => (
            <li key={stage.share}>
              <b className="num">{formatShare(stage.share)}</b>
              <span>
                {stage.soakMs > 0 && `at least ${formatDuration(stage.soakMs)}`}
                {stage.approve && ', then an approval'}
                {stage.sentences.map((sentence) => (
                  <small key={sentence}>{sentence}</small>
                ))}
              </span>
            </li>
          ))}
        </ol>
        <ul className="plan-stages">
          {plan.guards.map((guard) => (
            <li key={guard.id}>
              <b>{guard.title}</b>
              <span>
                {guard.limit}
                <small>{guard.sentence}</small>
              </span>
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}
