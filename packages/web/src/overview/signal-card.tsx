import type { OverviewView } from '@belay/protocol';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { toneIcons } from '../format/verdict-icons.ts';
import { Icon } from '../parts/icon.tsx';
import { Time } from '../parts/time.tsx';
import { placeAt, sparkLines } from './sparkline.ts';

const HEIGHT = 84;
const markClass = { ok: 'ok', bad: 'r', wait: 'l', live: 'l', none: '' } as const;

/** One measured signal with the changes that happened meanwhile. */
export function SignalCard({ signal }: { readonly signal: OverviewView['signals'][number] }): JSX.Element {
  const lines = sparkLines(signal.points, HEIGHT - 10);
  const place = placeAt(signal.points);
  const first = signal.points[0];
  const last = signal.points.at(-1);
  return (
    <section className="card sig" aria-label={signal.title}>
      <h3>{signal.title}</h3>
      <div className="val num">
        <b>{signal.value}</b>
      </div>
      <div className="pl">
        <svg
          className="ch"
          viewBox={`0 0 100 ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${signal.title} over time, now ${signal.value}`}
        >
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
          {lines.map((line) => (
            <polyline key={line} points={line} />
          ))}
        </svg>
        {signal.marks.map((mark) => (
          <Link
            key={`${mark.title}${mark.at}`}
            className={`mk ${markClass[mark.tone]}`}
            style={{ left: `${place(mark.at)}%` }}
            href={mark.rolloutId === null ? '/changes' : `/changes/${mark.rolloutId}`}
            aria-label={mark.title}
          >
            <Icon name={toneIcons[mark.tone]} />
          </Link>
        ))}
      </div>
      {first !== undefined && last !== undefined && (
        <div className="ft num">
          <Time at={first.at} as="clock" />
          <Time at={last.at} as="clock" />
        </div>
      )}
    </section>
  );
}
