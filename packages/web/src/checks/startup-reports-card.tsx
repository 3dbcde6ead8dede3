import type { ReportedCheck, StartupReportView } from '@belay/protocol';
import { useInfiniteQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useApi } from '../api/api-context.ts';
import { plural } from '../format/numbers.ts';
import { toneIcons } from '../format/verdict-icons.ts';
import { Icon } from '../parts/icon.tsx';
import { MoreRows } from '../parts/more-rows.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { startupReportsQuery } from './check-queries.ts';

const outcomes = {
  pass: { tone: 'ok', icon: 'check', word: 'passed' },
  warn: { tone: 'wait', icon: 'triangle', word: 'warning' },
  fail: { tone: 'bad', icon: 'octagon', word: 'failed' },
} as const;
const order = ['fail', 'warn', 'pass'];

/** What each process found when it started; what failed stands first inside. */
export function StartupReportsCard(): JSX.Element {
  const list = useInfiniteQuery(startupReportsQuery(useApi()));
  const reports = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="card" aria-labelledby="starts-title">
      <header>
        <h2 id="starts-title">Starts</h2>
        <span className="sub">what services found</span>
      </header>
      {list.isPending && <Loading what="the startup reports" height={120} />}
      {list.isError && (
        <Failure error={list.error} what="The startup reports could not be read" onRetry={() => void list.refetch()} />
      )}
      {list.isSuccess && reports.length === 0 && (
        <p className="card-empty">
          Services that use <code>@belay/node/health</code> say here what they found.
        </p>
      )}
      <ul className="told">
        {reports.map((report) => (
          <Report key={report.id} report={report} />
        ))}
      </ul>
      <MoreRows list={list} text="Show older starts" />
    </section>
  );
}

function Report({ report }: { readonly report: StartupReportView }): JSX.Element {
  const checks = report.checks.toSorted((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome));
  return (
    <li>
      <span className={`v ${report.tone}`}>
        <Icon name={toneIcons[report.tone]} />
      </span>
      <span>
        {report.sentence}
        <span className="why num">
          <Time at={report.at} />, {report.instance}
          {report.version !== null && `, ${report.version}`}
        </span>
        <details>
          <summary>
            {plural(checks.length, 'check')}
            <span className="vh"> of {report.instance}</span>
          </summary>
          <ul className="found">
            {checks.map((check) => (
              <Found key={check.name} check={check} />
            ))}
          </ul>
        </details>
      </span>
    </li>
  );
}

function Found({ check }: { readonly check: Required<ReportedCheck> }): JSX.Element {
  const { tone, icon, word } = outcomes[check.outcome];
  return (
    <li>
      <span className={`v ${tone}`}>
        <Icon name={icon} />
        <span className="vh">{word}</span>
      </span>
      <span>
        {check.title}
        <span className="why">{check.text}</span>
        {check.outcome !== 'pass' && check.mend !== null && <span className="why">Mend: {check.mend}</span>}
      </span>
    </li>
  );
}
