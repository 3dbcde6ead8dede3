import type { TraceSpan, TraceView } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { ExplorerFrame } from '../explore/explorer-frame.tsx';
import { plural } from '../format/numbers.ts';
import { formatValue } from '../format/values.ts';
import { Icon } from '../parts/icon.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { useRowKeys } from '../shell/row-keys.ts';
import { useUrlState } from '../shell/url-state.ts';
import { SpanDetail } from './span-detail.tsx';
import { traceQuery } from './trace-queries.ts';
import { serviceColours, type WaterfallRow, waterfallRows } from './waterfall-rows.ts';
import './traces.css';

const ROWS = 300;

/** One request as a waterfall: every span where and as long as it ran; a span opens in place. */
export function TracePage({ id }: { readonly id: string }): JSX.Element {
  const trace = useQuery(traceQuery(useApi(), id));
  return (
    <ExplorerFrame
      title={trace.data?.spans[0]?.name ?? 'Request'}
      trail={[{ text: 'Traces', href: '/explore/traces' }]}
    >
      {trace.data === undefined && <h1 className="vh">Request</h1>}
      {trace.data !== undefined && <Body trace={trace.data} />}
      {trace.isPending && <Loading what="the request" height={620} />}
      {trace.isError && trace.data === undefined && (
        <Failure
          error={trace.error}
          what="The request could not be read"
          stillWorks="Its figures stay in metrics and operations even after its spans have expired."
          onRetry={() => void trace.refetch()}
        />
      )}
    </ExplorerFrame>
  );
}

function Body({ trace }: { readonly trace: TraceView }): JSX.Element {
  const [open, setOpen] = useUrlState('span', '');
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [shown, setShown] = useState(ROWS);
  const colours = useMemo(() => serviceColours(trace.spans), [trace.spans]);
  const rows = useMemo(() => waterfallRows(trace.spans, trace.durationMs, folded), [trace, folded]);
  useRowKeys();
  const fold = (id: string): void => {
    const next = new Set(folded);
    if (!next.delete(id)) next.add(id);
    setFolded(next);
  };
  return (
    <article>
      <Head trace={trace} colours={colours} />
      <section className="card waterfall" aria-label="Waterfall">
        <Ruler durationMs={trace.durationMs} />
        <ul>
          {rows.slice(0, shown).map((row) => (
            <SpanRow
              key={row.span.spanId + row.span.startNs}
              row={row}
              colour={colours.get(row.span.service) ?? '--new'}
              isOpen={open === row.span.spanId}
              isFolded={folded.has(row.span.spanId)}
              onToggle={() => setOpen(open === row.span.spanId ? '' : row.span.spanId)}
              onFold={() => fold(row.span.spanId)}
            />
          ))}
        </ul>
        {rows.length > shown && (
          <button className="btn more-rows" type="button" onClick={() => setShown(shown + ROWS)}>
            Show more spans
          </button>
        )}
      </section>
    </article>
  );
}

function Head(props: { readonly trace: TraceView; readonly colours: ReadonlyMap<string, string> }): JSX.Element {
  const { trace, colours } = props;
  return (
    <>
      <div className="head">
        <div>
          <h1>{trace.spans[0]?.name ?? 'Request'}</h1>
          <div className="meta num">
            {trace.errors > 0 ? (
              <span className="pill bad">
                <Icon name="octagon" />
                {plural(trace.errors, 'span')} failed
              </span>
            ) : (
              <span className="pill ok">
                <Icon name="check" />
                Went well
              </span>
            )}
            <b>{formatValue(trace.durationMs, 'ms')}</b>
            <span>{plural(trace.total, 'span')}</span>
            <Time at={trace.startAt} />
            <span className="mono">{trace.traceId}</span>
          </div>
        </div>
        <div className="acts always">
          {trace.logs > 0 && (
            <Link className="btn" href={`/explore/logs?q=${encodeURIComponent(`trace:${trace.traceId}`)}&last=28d`}>
              {plural(trace.logs, 'log line')}
            </Link>
          )}
        </div>
      </div>
      {trace.issues.map((issue) => (
        <p key={issue.issueId + (issue.spanId ?? '')} className="trace-issue">
          <span className="v bad">
            <Icon name="octagon" />
            <Link href={`/errors/${encodeURIComponent(issue.issueId)}`}>{issue.title}</Link>
          </span>
        </p>
      ))}
      {trace.notes.length > 0 && <p className="sub trace-issue">{trace.notes.join(' ')}</p>}
      <ul className="legend">
        {[...colours].map(([name, colour]) => (
          <li key={name}>
            <i style={{ background: `var(${colour})` }} aria-hidden="true" />
            {name}
          </li>
        ))}
        {trace.flags.map((flag) => (
          <li key={flag.flagKey}>
            <Link className="link" href={`/flags/${encodeURIComponent(flag.flagKey)}`}>
              {flag.flagKey}: {flag.variant}
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

function Ruler({ durationMs }: { readonly durationMs: number }): JSX.Element {
  return (
    <div className="ruler num" aria-hidden="true">
      {[0, 0.25, 0.5, 0.75, 1].map((share) => (
        <span key={share} style={{ left: `${share * 100}%` }}>
          {formatValue(durationMs * share, 'ms')}
        </span>
      ))}
    </div>
  );
}

function SpanRow(props: {
  readonly row: WaterfallRow;
  readonly colour: string;
  readonly isOpen: boolean;
  readonly isFolded: boolean;
  readonly onToggle: () => void;
  readonly onFold: () => void;
}): JSX.Element {
  const { row, isOpen, isFolded } = props;
  const { span } = row;
  return (
    <li className={isOpen ? 'open' : ''}>
      <div className="span-row">
        <span className="span-fold" style={{ paddingLeft: `${Math.min(span.depth, 14) * 12}px` }}>
          {span.children > 0 && (
            <button
              className={isFolded ? 'icon-btn' : 'icon-btn turned'}
              type="button"
              aria-label={`${isFolded ? 'Unfold' : 'Fold'} ${span.name}`}
              aria-expanded={!isFolded}
              onClick={props.onFold}
            >
              <Icon name="right" />
            </button>
          )}
        </span>
        <button className="span-main" type="button" data-row aria-expanded={isOpen} onClick={props.onToggle}>
          <SpanName span={span} hidden={row.hidden} />
          <span className="span-time num">{formatValue(span.durationMs, 'ms')}</span>
          <span className="span-track" aria-hidden="true">
            <i
              style={{ left: `${row.left}%`, width: `${row.width}%`, background: `var(${props.colour})` }}
              className={span.isError ? 'failed' : ''}
            />
          </span>
        </button>
      </div>
      {isOpen && <SpanDetail span={span} />}
    </li>
  );
}

function SpanName({ span, hidden }: { readonly span: TraceSpan; readonly hidden: number }): JSX.Element {
  return (
    <span className="span-name" style={{ paddingLeft: `${32 + Math.min(span.depth, 14) * 12}px` }}>
      {span.isError && (
        <span className="v bad">
          <Icon name="octagon" />
          <span className="vh">failed: </span>
        </span>
      )}
      <b>{span.name}</b>
      <span className="sub"> {span.service}</span>
      {hidden > 0 && <span className="sub num"> +{hidden}</span>}
    </span>
  );
}
