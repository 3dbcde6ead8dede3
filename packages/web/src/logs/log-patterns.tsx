import type { LogPattern } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useApi } from '../api/api-context.ts';
import { formatShare } from '../format/numbers.ts';
import { formatNumber } from '../format/values.ts';
import { Icon, type IconName } from '../parts/icon.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { levels } from './log-levels.ts';
import { logPatternsQuery, type LogWish } from './log-queries.ts';

const trends = {
  new: { text: 'New', tone: 'live', icon: 'play' },
  gone: { text: 'Gone', tone: 'none', icon: 'close' },
  more: { text: 'More', tone: 'wait', icon: 'up' },
  less: { text: 'Less', tone: 'none', icon: 'lower' },
  same: { text: '', tone: 'none', icon: 'circle' },
} as const satisfies Record<LogPattern['trend']['kind'], { text: string; tone: string; icon: IconName }>;

/** What the lines have in common, how often, and what is new against the time before. */
export function LogPatterns(props: {
  readonly wish: LogWish;
  readonly onChoose: (query: string) => void;
}): JSX.Element {
  const patterns = useQuery(logPatternsQuery(useApi(), props.wish));
  const { data } = patterns;
  if (data === undefined && patterns.isError)
    return (
      <Failure
        error={patterns.error}
        what="The patterns could not be found"
        stillWorks="The lines can still be searched."
        onRetry={() => void patterns.refetch()}
      />
    );
  if (data === undefined) return <Loading what="the patterns" height={420} />;
  if (data.items.length === 0) return <Empty title="No line fits">Widen the time above.</Empty>;
  return (
    <>
      <ul className="patterns">
        {data.items.map((pattern) => (
          <li key={pattern.id}>
            <span className="pattern-count num">
              <b>{formatNumber(pattern.count)}</b>
              <span className="sub">{formatShare(Math.round(pattern.share * 1000) / 1000)}</span>
            </span>
            <span className="pattern-what">
              <button
                className="template mono"
                type="button"
                data-row
                disabled={pattern.count === 0}
                title={pattern.sample}
                onClick={() => props.onChoose(pattern.query)}
              >
                <Template text={pattern.template} />
              </button>
              <span className="sub">
                {worst(pattern)}
                {pattern.services.join(', ')}
                {pattern.trend.kind !== 'new' && pattern.trend.kind !== 'same' && (
                  <span className="num"> · {formatNumber(pattern.trend.before)} before</span>
                )}
              </span>
            </span>
            <Trend pattern={pattern} />
          </li>
        ))}
      </ul>
      <p className="card-foot sub num">
        {data.rest.patterns > 0 && `${formatNumber(data.rest.patterns)} rarer patterns are not shown. `}
        {data.sampled < 1 && `Counted from a sample of ${formatShare(Math.round(data.sampled * 1000) / 1000)}. `}
        Compared with the time of the same length before.
      </p>
    </>
  );
}

function Trend({ pattern }: { readonly pattern: LogPattern }): JSX.Element {
  const trend = trends[pattern.trend.kind];
  if (trend.text === '') return <span />;
  return (
    <span className={`v ${trend.tone}`}>
      <Icon name={trend.icon} />
      {trend.text}
    </span>
  );
}

/** The common text with its gaps set apart. */
function Template({ text }: { readonly text: string }): JSX.Element {
  const parts = text.split(/(<(?:num|id|str|\*)>)/);
  return (
    <>
      {parts.map((part, index) =>
        index % 2 === 1 ? (
          <i key={`${index}`} className="gap">
            {part.slice(1, -1)}
          </i>
        ) : (
          part
        ),
      )}
    </>
  );
}

function worst(pattern: LogPattern): string {
  const found = levels.findLast(({ level }) => pattern.levels[level] > 0);
  return found === undefined ? '' : `${found.label} · `;
}
