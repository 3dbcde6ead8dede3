import type { RolloutEvidence, RolloutView } from '@belay/protocol';
import { useMutation, useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useApi } from '../api/api-context.ts';
import { evidenceQuery } from '../api/queries.ts';
import { formatCount } from '../format/numbers.ts';
import { Icon } from '../parts/icon.tsx';
import { InlineFailure, Loading } from '../parts/states.tsx';

/** The evidence behind the verdict in the words of statistics, enough to check it by hand, and a button that does. */
export function HowDecided({ rollout }: { readonly rollout: RolloutView }): JSX.Element {
  const evidence = useQuery(evidenceQuery(useApi(), rollout.id));
  const { details } = rollout;
  return (
    <div className="how-in">
      <p>
        Every guard is a bet against “the new path is no worse than its limit”, settled once a second. Its e-value is
        what the bet is worth: multiplied wealth is evidence, and looking every second costs nothing. All guards share
        one wallet; it rolls back at {formatCount(details.rollbackAt)} (alpha = {details.alpha}) and holds from{' '}
        {formatCount(details.holdAt)}.
      </p>
      <dl className="kv">
        <dt>Wallet</dt>
        <dd className="num">{figure(details.wallet)}</dd>
        <dt>Split test</dt>
        <dd className="num">sample-ratio e-value {figure(details.sampleRatioE)}</dd>
        <dt>Dispersion</dt>
        <dd className="num">{details.dispersion.toFixed(2)}</dd>
        <dt>Bucketing</dt>
        <dd className="mono">
          {details.bucketing}, seed {details.seed}
        </dd>
        <dt>Flag revision</dt>
        <dd className="num">{formatCount(details.revision)}</dd>
        <dt>Blocks</dt>
        <dd className="num">{formatCount(details.blocks)} of one second</dd>
      </dl>
      <GuardFigures rollout={rollout} />
      {evidence.data !== undefined && <Evidence evidence={evidence.data} />}
      {evidence.isPending && <Loading what="the evidence" height={80} />}
      {evidence.isError && <InlineFailure error={evidence.error} />}
      <Replay id={rollout.id} />
    </div>
  );
}

function GuardFigures({ rollout }: { readonly rollout: RolloutView }): JSX.Element {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Figures of each guard">
      <table className="figures num">
        <thead>
          <tr>
            <th scope="col">Guard</th>
            <th scope="col">New</th>
            <th scope="col">Old</th>
            <th scope="col">E harm</th>
            <th scope="col">E safe</th>
          </tr>
        </thead>
        <tbody>
          {rollout.guards.map((guard) => (
            <tr key={guard.id}>
              <th scope="row">{guard.title}</th>
              <td>{side(guard.canary)}</td>
              <td>{side(guard.control)}</td>
              <td>{figure(guard.harmE)}</td>
              <td>{figure(guard.safeE)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Evidence({ evidence }: { readonly evidence: RolloutEvidence }): JSX.Element {
  return (
    <>
      <p className="num">
        {formatCount(evidence.canaryUnits)} requests on the new path ({formatCount(evidence.canaryFailed)} failed),{' '}
        {formatCount(evidence.controlUnits)} on the old ({formatCount(evidence.controlFailed)} failed).
        {evidence.waldBound !== null &&
          evidence.waldRatio !== null &&
          ` A perfect test would have needed ${formatCount(evidence.waldBound)} on average: ${evidence.waldRatio.toFixed(2)} times as many were spent.`}
      </p>
      <p>The query behind it:</p>
      <pre className="mono query" tabIndex={0}>
        {evidence.query}
      </pre>
      <p className="sub">
        State <span className="mono break">{evidence.stateHash}</span>
      </p>
    </>
  );
}

function Replay({ id }: { readonly id: string }): JSX.Element {
  const api = useApi();
  const replay = useMutation({ mutationFn: () => api.call('rolloutReplay', { params: { id } }) });
  return (
    <div className="replay">
      <button className="btn" type="button" disabled={replay.isPending} onClick={() => replay.mutate()}>
        {replay.isPending ? 'Computing again…' : 'Compute it again from stored outcomes'}
      </button>
      <span role="status">
        {replay.data !== undefined && (
          <span className={`v ${replay.data.agrees ? 'ok' : 'bad'}`}>
            <Icon name={replay.data.agrees ? 'check' : 'octagon'} />
            <span className="num">
              {replay.data.agrees ? 'Agrees bit by bit' : 'Does not agree'}: {formatCount(replay.data.blocks)} blocks,{' '}
              {formatCount(replay.data.decisions)} decisions
            </span>
          </span>
        )}
      </span>
      {replay.isError && <InlineFailure error={replay.error} />}
    </div>
  );
}

function side(totals: RolloutView['guards'][number]['canary']): string {
  const count = formatCount(totals.n);
  return totals.mean === null ? `${formatCount(totals.bad)} / ${count}` : `${figure(totals.mean)} (${count})`;
}

function figure(value: number): string {
  if (value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-3)) return value.toExponential(1);
  return Number(value.toPrecision(3)).toLocaleString('en-GB');
}
