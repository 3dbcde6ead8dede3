import type { Scorecard, ScorecardRow, SloWindow } from '@belay/protocol';
import { useInfiniteQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link, useSearch } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { ExplorerFrame } from '../explore/explorer-frame.tsx';
import { NoTelemetry } from '../explore/no-telemetry.tsx';
import { ServiceFilter } from '../explore/service-filter.tsx';
import { formatNumber } from '../format/values.ts';
import { MoreRows } from '../parts/more-rows.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { carriedParameters } from '../range/time-range.ts';
import { useRowKeys } from '../shell/row-keys.ts';
import { useUrlState } from '../shell/url-state.ts';
import { scorecardsQuery } from './signal-queries.ts';
import { SignalWord } from './signal-word.tsx';
import './signals.css';

/** How each service keeps its promises: target, now, trend, and what was kept over 7, 28 and 90 days. */
export function ScorecardPage(): JSX.Element {
  const [service] = useUrlState('service', '');
  const list = useInfiniteQuery(scorecardsQuery(useApi()));
  const all = list.data?.pages.flatMap((page) => page.items) ?? [];
  const cards = all.filter((card) => service === '' || card.service === service);
  useRowKeys();
  return (
    <ExplorerFrame title="Scorecards" tools={<ServiceFilter known={all.map((card) => card.service)} />}>
      <h1 className="vh">Scorecards</h1>
      {list.isPending && <Loading what="the scorecards" height={420} />}
      {list.isError && all.length === 0 && (
        <Failure error={list.error} what="The scorecards could not be read" onRetry={() => void list.refetch()} />
      )}
      <div className="stack">
        {cards.map((card) => (
          <ServiceCard key={card.service} card={card} />
        ))}
      </div>
      {list.isSuccess && cards.length === 0 && (
        <section className="card" aria-label="No scorecard">
          {all.length > 0 ? (
            <Empty title={`${service} has no scorecard`}>Choose another service above.</Empty>
          ) : (
            <NoTelemetry title="No scorecard yet">
              A service has one as soon as one of its signals has a target or a limit.
            </NoTelemetry>
          )}
        </section>
      )}
      <MoreRows list={list} text="Show more services" />
    </ExplorerFrame>
  );
}

function ServiceCard({ card }: { readonly card: Scorecard }): JSX.Element {
  const carried = carriedParameters(useSearch());
  const title = `card-${card.service}`;
  return (
    <section className="card" aria-labelledby={title}>
      <header>
        <h2 id={title}>{card.service}</h2>
        <span className={`v small ${card.tone}`}>{card.headline}</span>
        {card.owners.length > 0 && <span className="sub push">kept by {card.owners.join(', ')}</span>}
      </header>
      {card.rows.length === 0 && <p className="card-empty">None of its signals has a target or a limit yet.</p>}
      {card.rows.length > 0 && (
        <div className="scroll-x" tabIndex={0} role="region" aria-label={`Scorecard of ${card.service}`}>
          <table className="tb num scorecard">
            <thead>
              <tr>
                <th scope="col">Signal</th>
                <th scope="col">State</th>
                <th scope="col">Target</th>
                <th scope="col">Now</th>
                <th scope="col">Trend, 7 days</th>
                <th scope="col">Kept, 7 days</th>
                <th scope="col">28 days</th>
                <th scope="col">90 days</th>
                <th scope="col">Budget left</th>
              </tr>
            </thead>
            <tbody>
              {card.rows.map((row) => (
                <tr key={row.signalId}>
                  <td className="nm">
                    <Link href={`/signals/${encodeURIComponent(row.signalId)}${carried}`} data-row>
                      {row.title}
                    </Link>
                  </td>
                  <td className="oc">
                    <SignalWord verdict={row.verdict} word={row.word} tone={row.tone} />
                  </td>
                  <td data-label="Target">{row.targetText}</td>
                  <td data-label="Now">
                    <b>{row.nowText}</b>
                  </td>
                  <td data-label="Trend, 7 days">
                    <Trend trend={row.trend} />
                  </td>
                  {([7, 28, 90] as const).map((days) => (
                    <td key={days} data-label={`Kept, ${days} days`}>
                      <Kept window={row.slo.find((one) => one.days === days)} />
                    </td>
                  ))}
                  <td data-label="Budget left">
                    <Budget window={row.slo.find((one) => one.days === 28)} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Trend({ trend }: { readonly trend: ScorecardRow['trend'] }): JSX.Element {
  const tone = { better: 'ok', worse: 'bad', up: 'none', down: 'none', flat: 'none', unknown: 'none' } as const;
  return <span className={`trend ${tone[trend.direction]}`}>{trend.text}</span>;
}

function Kept({ window }: { readonly window: SloWindow | undefined }): JSX.Element {
  if (window === undefined || window.performance === null) return <span className="sub">–</span>;
  const isBroken = window.objective !== null && window.performance < window.objective;
  return (
    <span className={isBroken ? 'trend bad' : ''} title={window.sentence}>
      {percent(window.performance)}
      {isBroken && <span className="vh"> below its goal of {percent(window.objective ?? 0)}</span>}
    </span>
  );
}

/** What is left of the error budget of 28 days, as a bar and a number. */
function Budget({ window }: { readonly window: SloWindow | undefined }): JSX.Element {
  if (window === undefined || window.budgetLeft === null) return <span className="sub">–</span>;
  const left = Math.max(0, Math.min(1, window.budgetLeft));
  return (
    <span className="budget" title={window.sentence}>
      {window.budgetLeft < 0 ? 'overspent' : `${formatNumber(Math.round(left * 100))}%`}
      <span className={left < 0.25 ? 'meter low' : 'meter'}>
        <i style={{ width: `${left * 100}%` }} />
      </span>
    </span>
  );
}

/** `99.93%`: enough figures that one nine more shows. */
function percent(share: number): string {
  const value = share * 100;
  return `${Number(value.toFixed(value > 99 ? 3 : 1))}%`;
}
