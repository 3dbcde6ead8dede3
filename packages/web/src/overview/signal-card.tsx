import type { OverviewView } from '@belay/protocol';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { toneIcons } from '../format/verdict-icons.ts';
import { Icon } from '../parts/icon.tsx';
import { Time } from '../parts/time.tsx';
import { SignalWord } from '../signals/signal-word.tsx';
import { layOutCard, placeAt } from './sparkline.ts';

const HEIGHT = 84;
const markClass = { ok: 'ok', bad: 'r', wait: 'l', live: 'l', none: '' } as const;

type OverviewSignal = OverviewView['signals'][number];

/** One measured signal against its usual band, with the changes that happened meanwhile. */
export function SignalCard({ signal }: { readonly signal: OverviewSignal }): JSX.Element {
  const place = placeAt(signal.points);
  const first = signal.points[0];
  const last = signal.points.at(-1);
  const hasBand = signal.points.some((point) => point.low !== null);
  const href = signal.signalId === null ? '/signals' : `/signals/${encodeURIComponent(signal.signalId)}`;
  return (
    <section className="card sig" aria-label={signal.title}>
      <h3>
        <Link href={href}>{signal.title}</Link>
      </h3>
      <div className="val num" title={signal.sentence}>
        <b>{signal.value}</b>
        {signal.verdict === 'usual' ? (
          <span className="sub">{signal.word}</span>
        ) : (
          <SignalWord verdict={signal.verdict} word={signal.word} tone={signal.tone} />
        )}
      </div>
      <div className="pl">
        <Chart signal={signal} />
        {signal.marks.map((mark) => (
          <Mark key={`${mark.title}${mark.at}`} mark={mark} left={place(mark.at)} />
        ))}
      </div>
      {first !== undefined && last !== undefined && (
        <div className="ft num">
          <Time at={first.at} as="clock" />
          {hasBand && <span className="hs">grey: usual</span>}
          <Time at={last.at} as="clock" />
        </div>
      )}
    </section>
  );
}

function Chart({ signal }: { readonly signal: OverviewSignal }): JSX.Element {
  const chart = layOutCard(signal.points, HEIGHT - 10);
  const place = placeAt(signal.points);
  return (
    <svg
      className="ch"
      viewBox={`0 0 100 ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${signal.title} over time, now ${signal.value}. ${signal.sentence}`}
    >
      {chart.bands.map((band) => (
        <polygon key={band} points={band} />
      ))}
      {signal.marks.map((mark) => (
        <line
          key={`${mark.title}${mark.at}`}
          className={`when ${markClass[mark.tone]}`}
          x1={place(mark.at)}
          x2={place(mark.at)}
          y1="2"
          y2="72"
        />
      ))}
      {chart.lines.map((line) => (
        <polyline key={line} points={line} />
      ))}
    </svg>
  );
}

function Mark(props: { readonly mark: OverviewSignal['marks'][number]; readonly left: number }): JSX.Element {
  const { mark, left } = props;
  const look = { className: `mk ${markClass[mark.tone]}`, style: { left: `${left}%` }, title: mark.title };
  const icon = <Icon name={toneIcons[mark.tone]} />;
  if (mark.rolloutId === null)
    return (
      <span {...look} role="img" aria-label={mark.title}>
        {icon}
      </span>
    );
  return (
    <Link {...look} href={`/changes/${mark.rolloutId}`} aria-label={mark.title}>
      {icon}
    </Link>
  );
}
