import type { SignalAlarm, SignalDetail } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { formatDuration } from '../format/times.ts';
import { formatValue } from '../format/values.ts';
import { toneIcons } from '../format/verdict-icons.ts';
import { Icon } from '../parts/icon.tsx';
import { Time } from '../parts/time.tsx';
import type { TimeRange } from '../range/time-range.ts';
import type { LiveRange } from '../range/use-time-range.ts';
import { hrefOfChange } from './signal-chart.ts';
import { signalSeriesQuery } from './signal-queries.ts';

const AROUND_MS = 2 * 3_600_000;
const endings = {
  'back-to-usual': 'went back to usual',
  accepted: 'taken as the new usual',
  'signal-removed': 'signal removed',
} as const;

/** Every episode in which the signal was not as usual, newest first. */
export function EpisodesCard(props: {
  readonly alarms: readonly SignalAlarm[];
  readonly onShow: (range: TimeRange) => void;
}): JSX.Element {
  const show = (alarm: SignalAlarm): void =>
    props.onShow({
      kind: 'between',
      from: alarm.startedAt - AROUND_MS,
      to: Math.min(Date.now(), (alarm.endedAt ?? alarm.raisedAt) + AROUND_MS),
    });
  return (
    <section className="card" aria-labelledby="episodes-title">
      <header>
        <h2 id="episodes-title">Episodes</h2>
        <span className="sub">times in which it was not as usual</span>
      </header>
      {props.alarms.length === 0 && <p className="card-empty">None so far.</p>}
      <ul className="episodes">
        {props.alarms.map((alarm) => (
          <li key={alarm.id}>
            <span className={`v ${alarm.tone}`}>
              <Icon name={alarm.direction === 'higher' ? 'up' : 'lower'} />
            </span>
            <span>
              {alarm.sentence}
              <span className="sub">
                {' '}
                <Time at={alarm.startedAt} />
                {alarm.endedAt === null
                  ? ', still going on'
                  : `, for ${formatDuration(alarm.endedAt - alarm.startedAt)}${alarm.ending === null ? '' : `, ${endings[alarm.ending]}`}`}
              </span>
            </span>
            <button className="btn small" type="button" onClick={() => show(alarm)}>
              Show<span className="vh"> this time on the chart</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What changed before the present episode, or within the shown time: where to look first. */
export function SuspectsCard({
  signal,
  live,
}: {
  readonly signal: SignalDetail;
  readonly live: LiveRange;
}): JSX.Element {
  const series = useQuery(signalSeriesQuery(useApi(), signal.id, { from: live.from, to: live.to }));
  const suspects = signal.alarm?.suspects ?? [];
  const marks = series.data?.marks.toReversed() ?? [];
  return (
    <section className="card" aria-labelledby="suspects-title">
      <header>
        <h2 id="suspects-title">What changed then</h2>
      </header>
      {suspects.length > 0 && (
        <ul className="suspects">
          {suspects.map((suspect) => (
            <li key={suspect.title + (suspect.changeId ?? suspect.rolloutId ?? '')}>
              <span className="v wait">
                <Icon name="changes" />
              </span>
              <span>
                <ChangeTitle title={suspect.title} href={hrefOfChange(suspect)} />
                <span className="sub"> shortly before it began</span>
              </span>
            </li>
          ))}
        </ul>
      )}
      <ul className="suspects">
        {marks.slice(0, 12).map((mark) => (
          <li key={`${mark.at}${mark.title}`}>
            <span className={`v ${mark.tone}`}>
              <Icon name={toneIcons[mark.tone]} />
            </span>
            <span>
              <ChangeTitle title={mark.title} href={hrefOfChange(mark)} />
              <span className="sub">
                {' '}
                <Time at={mark.at} />
                {mark.version !== null && `, ${mark.version}`}
              </span>
            </span>
          </li>
        ))}
      </ul>
      {suspects.length === 0 && marks.length === 0 && (
        <p className="card-empty">
          No change in this time. Deploys appear by themselves when the version changes, or by{' '}
          <code>belay change record</code>.
        </p>
      )}
    </section>
  );
}

function ChangeTitle({ title, href }: { readonly title: string; readonly href: string | null }): JSX.Element {
  return href === null ? <b>{title}</b> : <Link href={href}>{title}</Link>;
}

/** How the number is made and what is promised. */
export function DefinitionCard({ signal }: { readonly signal: SignalDetail }): JSX.Element {
  const text = (value: number | null): string => (value === null ? 'none' : formatValue(value, signal.unit));
  return (
    <section className="card" aria-labelledby="definition-title">
      <header>
        <h2 id="definition-title">How it is measured</h2>
      </header>
      <p className="card-say">{signal.how}</p>
      <dl className="kv num">
        <dt>Target</dt>
        <dd>{text(signal.target)}</dd>
        <dt>Warning</dt>
        <dd>{text(signal.warning)}</dd>
        <dt>Limit</dt>
        <dd>{text(signal.critical)}</dd>
        <dt>Good is</dt>
        <dd>{{ lower: 'lower', higher: 'higher', none: 'staying as usual' }[signal.good]}</dd>
        <dt>Usual</dt>
        <dd>{signal.baseline}</dd>
        <dt>Comes from</dt>
        <dd>
          {signal.source}
          {{ starter: ', by itself', 'belay.yaml': ', written in belay.yaml', api: '' }[signal.origin]}
        </dd>
        {signal.history.since !== null && (
          <>
            <dt>Known since</dt>
            <dd>
              <Time at={signal.history.since} />
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}
