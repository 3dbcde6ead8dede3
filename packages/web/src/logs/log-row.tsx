import type { LogLine } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { formatCount } from '../format/numbers.ts';
import { InlineFailure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { addFilter } from './add-filter.ts';
import { LogContext } from './log-context.tsx';
import { levelOf } from './log-levels.ts';
import { logLineQuery } from './log-queries.ts';

export interface LogRowProps {
  readonly line: LogLine;
  readonly q: string;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  readonly onFilter: (q: string) => void;
}

/** One line; opened it shows every field, each a filter to add. */
export function LogRow({ line, q, isOpen, onToggle, onFilter }: LogRowProps): JSX.Element {
  const level = levelOf(line);
  const body = `line-${line.id}`;
  return (
    <li className={`${level.look} ${isOpen ? 'open' : ''}`}>
      <button
        type="button"
        className="line"
        data-row
        aria-expanded={isOpen}
        aria-controls={isOpen ? body : undefined}
        onClick={onToggle}
      >
        <span className="line-at num">
          <Time at={line.at} as="second" />
        </span>
        <span className="line-level">{level.text}</span>
        <span className="line-service">{line.service}</span>
        <span className="line-body mono">{line.body}</span>
      </button>
      {isOpen && (
        <div id={body} className="line-open">
          <Opened line={line} q={q} onFilter={onFilter} />
        </div>
      )}
    </li>
  );
}

function Opened(props: Pick<LogRowProps, 'line' | 'q' | 'onFilter'>): JSX.Element {
  const { line, q, onFilter } = props;
  const whole = useQuery(logLineQuery(useApi(), line.id));
  const [isAround, setAround] = useState(false);
  const shown = whole.data ?? line;
  const facts = [
    ['service', shown.service],
    ['instance', shown.instance],
    ['version', shown.version],
    ['environment', shown.environment],
    ...(shown.flagKey === '' ? [] : [['flag', `${shown.flagKey} ${shown.variant}`] as const]),
  ].filter(([, value]) => value !== '');
  const resource = Object.entries(whole.data?.resource ?? {});
  return (
    <>
      <p className="line-whole mono">{shown.body}</p>
      {shown.bodyRest > 0 && whole.isPending && <p className="sub">{formatCount(shown.bodyRest)} more characters</p>}
      <div className="line-acts">
        {line.traceId !== null && (
          <Link
            className="btn small"
            href={`/explore/traces/${line.traceId}${line.spanId === null ? '' : `?span=${line.spanId}`}`}
          >
            Show the whole request
          </Link>
        )}
        <button className="btn small" type="button" aria-pressed={isAround} onClick={() => setAround(!isAround)}>
          Lines around it
        </button>
        <button className="btn small" type="button" onClick={() => onFilter(addFilter(q, 'pattern', line.pattern))}>
          Lines like it
        </button>
      </div>
      {whole.isError && <InlineFailure error={whole.error} />}
      <Fields title="" fields={facts} isFilter={false} q={q} onFilter={onFilter} />
      <Fields title="Fields" fields={Object.entries(shown.attributes)} isFilter q={q} onFilter={onFilter} />
      {whole.isPending && <Loading what="the sender" height={40} />}
      {resource.length > 0 && (
        <details>
          <summary>Sender ({resource.length})</summary>
          <Fields title="" fields={resource} isFilter={false} q={q} onFilter={onFilter} />
        </details>
      )}
      {isAround && <LogContext line={line} />}
    </>
  );
}

function Fields(props: {
  readonly title: string;
  readonly fields: readonly (readonly [string, string])[] | readonly (readonly string[])[];
  readonly isFilter: boolean;
  readonly q: string;
  readonly onFilter: (q: string) => void;
}): JSX.Element | null {
  if (props.fields.length === 0) return null;
  return (
    <dl className="fields" aria-label={props.title === '' ? 'Facts' : props.title}>
      {props.fields.map(([name = '', value = '']) => (
        <div key={name}>
          <dt className="mono">{name}</dt>
          <dd>
            <span className="mono">{value}</span>
            {props.isFilter && (
              <>
                <button
                  className="linkish"
                  type="button"
                  onClick={() => props.onFilter(addFilter(props.q, name, value))}
                >
                  filter by this<span className="vh"> {name}</span>
                </button>
                <button
                  className="linkish"
                  type="button"
                  onClick={() => props.onFilter(addFilter(props.q, name, value, true))}
                >
                  leave out<span className="vh"> {name}</span>
                </button>
              </>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
