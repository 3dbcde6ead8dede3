import type { ComparedStep, TraceComparison } from '@belay/protocol';
import { useInfiniteQuery, useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { rolloutsQuery } from '../api/queries.ts';
import type { Span } from '../explore/explore-queries.ts';
import { formatCount } from '../format/numbers.ts';
import { formatNumber, formatValue } from '../format/values.ts';
import { Choice } from '../parts/choice.tsx';
import { Icon } from '../parts/icon.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { comparisonQuery } from './trace-queries.ts';

const SHOWN = 40;
const whys = { error: 'failed', slow: 'slow', typical: 'typical' } as const;

/** Where requests of a change's new path spend their time, against those of the old path. */
export function CompareView({ wish }: { readonly wish: Span }): JSX.Element {
  const api = useApi();
  const [rollout, setRollout] = useUrlState('rollout', '');
  const changes = useInfiniteQuery(rolloutsQuery(api, {}));
  const known = changes.data?.pages.flatMap((page) => page.items) ?? [];
  const chosen = rollout === '' ? (known[0]?.id ?? '') : rollout;
  const comparison = useQuery(comparisonQuery(api, chosen, { from: wish.from, to: wish.to }));
  if (changes.isSuccess && known.length === 0)
    return (
      <Empty title="No change to compare yet" commands={['belay rollout start --flag <key>']}>
        Once a change goes out, requests of its new path are held against those of the old one.
      </Empty>
    );
  return (
    <>
      <div className="filter">
        <Choice
          label="Change"
          value={chosen}
          options={known.map((one) => ({ value: one.id, text: `#${one.number} ${one.title}` }))}
          onChoose={setRollout}
        />
      </div>
      {comparison.isPending && <Loading what="the comparison" height={420} />}
      {comparison.isError && comparison.data === undefined && (
        <Failure
          error={comparison.error}
          what="The two paths could not be compared"
          stillWorks="The change is still guarded."
          onRetry={() => void comparison.refetch()}
        />
      )}
      {comparison.data !== undefined && <Comparison comparison={comparison.data} />}
    </>
  );
}

function Comparison({ comparison }: { readonly comparison: TraceComparison }): JSX.Element {
  const worst = Math.max(0.001, ...comparison.steps.map((step) => Math.abs(step.differenceMs)));
  return (
    <>
      <p className="lead compare-say">{comparison.sentence}</p>
      <div className="sides">
        <Side title="New path" variant={comparison.canaryVariant} side={comparison.canary} />
        <Side title="Old path" variant={comparison.controlVariant} side={comparison.control} />
        <Kinds comparison={comparison} />
      </div>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Steps">
        <table className="tb num figures-table">
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">New path</th>
              <th scope="col">Old path</th>
              <th scope="col">Calls, new and old</th>
              <th scope="col">Difference</th>
            </tr>
          </thead>
          <tbody>
            {comparison.steps.slice(0, SHOWN).map((step) => (
              <Step key={`${step.service}${step.operation}${step.kind}`} step={step} worst={worst} />
            ))}
          </tbody>
        </table>
      </div>
      {comparison.errors.length > 0 && (
        <ul className="suspects compare-errors" aria-label="Failures">
          {comparison.errors.map((error) => (
            <li key={error.service + error.operation + error.message}>
              <span className="v bad">
                <Icon name="octagon" />
              </span>
              <span>
                <Link className="link" href={`/explore/traces/${error.traceId}`}>
                  {error.message}
                </Link>
                <span className="sub">
                  {' '}
                  {error.operation}, {error.service}
                </span>
              </span>
              <span className="num sub">
                new {formatCount(error.canary)}, old {formatCount(error.control)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Side(props: {
  readonly title: string;
  readonly variant: string;
  readonly side: TraceComparison['canary'];
}): JSX.Element {
  const { side } = props;
  return (
    <section>
      <h3>
        {props.title} <span className="mono sub">{props.variant}</span>
      </h3>
      <p className="num">
        {formatCount(side.requests)} requests, {formatCount(side.errors)} failed, p50{' '}
        <b>{formatValue(side.p50Ms, 'ms')}</b>, p95 <b>{formatValue(side.p95Ms, 'ms')}</b>
      </p>
      <p className="exemplars">
        {side.exemplars.slice(0, 4).map((one) => (
          <Link key={one.traceId} className="link num" href={`/explore/traces/${one.traceId}`}>
            {whys[one.why]} {formatValue(one.ms, 'ms')}
          </Link>
        ))}
      </p>
    </section>
  );
}

function Kinds({ comparison }: { readonly comparison: TraceComparison }): JSX.Element {
  const most = Math.max(0.001, ...comparison.kinds.flatMap((kind) => [kind.canaryMs, kind.controlMs]));
  return (
    <section>
      <h3>Where the time goes</h3>
      <dl className="kinds num">
        {comparison.kinds.map((kind) => (
          <div key={kind.kind}>
            <dt>{kind.kind}</dt>
            <dd>
              <span className="meter" aria-hidden="true">
                <i className="new" style={{ width: `${(100 * kind.canaryMs) / most}%` }} />
              </span>
              <span className="meter" aria-hidden="true">
                <i className="old" style={{ width: `${(100 * kind.controlMs) / most}%` }} />
              </span>
            </dd>
            <dd>
              {formatValue(kind.canaryMs, 'ms')} <span className="sub">was {formatValue(kind.controlMs, 'ms')}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Step({ step, worst }: { readonly step: ComparedStep; readonly worst: number }): JSX.Element {
  const presence = { both: '', new: 'only on the new path', gone: 'only on the old path' }[step.presence];
  const isSlower = step.differenceMs > 0;
  return (
    <tr>
      <td className="nm">
        <Link href={`/explore/traces/${step.traceId}`} data-row>
          {step.operation}
        </Link>
        <small>
          {step.service}
          {presence !== '' && <b className="trend bad"> {presence}</b>}
        </small>
      </td>
      <td data-label="New path">{formatValue(step.canary.msPerRequest, 'ms')}</td>
      <td data-label="Old path">{formatValue(step.control.msPerRequest, 'ms')}</td>
      <td data-label="Calls">
        {formatNumber(step.canary.callsPerRequest)} <span className="sub">and</span>{' '}
        {formatNumber(step.control.callsPerRequest)}
      </td>
      <td data-label="Difference">
        <span className={`difference ${isSlower ? 'slower' : 'faster'}`}>
          <i style={{ width: `${(60 * Math.abs(step.differenceMs)) / worst}px` }} aria-hidden="true" />
          {isSlower ? '+' : ''}
          {formatValue(step.differenceMs, 'ms')}
        </span>
      </td>
    </tr>
  );
}
