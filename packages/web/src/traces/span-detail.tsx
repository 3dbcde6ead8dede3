import type { TraceSpan } from '@belay/protocol';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { formatValue } from '../format/values.ts';

const placedWords = {
  child: '',
  root: '',
  'missing-parent': 'The span that called it was not stored.',
  cycle: 'It claims to be called by its own callee; it is shown at the top.',
  duplicate: 'Another span has the same id.',
} as const satisfies Record<TraceSpan['placed'], string>;

/** Everything a span says. */
export function SpanDetail({ span }: { readonly span: TraceSpan }): JSX.Element {
  const facts: readonly (readonly [string, string])[] = [
    ['took', formatValue(span.durationMs, 'ms')],
    ['of it itself', formatValue(span.selfMs, 'ms')],
    ['began after', formatValue(span.startMs, 'ms')],
    ['kind', span.kind],
    ['status', span.statusMessage === '' ? span.status : `${span.status}: ${span.statusMessage}`],
    ['service', [span.service, span.version].filter((part) => part !== '').join(' ')],
    ['instance', span.instance],
    ['environment', span.environment],
    ['flag', span.flagKey === '' ? '' : `${span.flagKey} ${span.variant}`],
    ['clock', span.skewMs === 0 ? '' : `shifted by ${formatValue(span.skewMs, 'ms')} to fit its caller`],
  ];
  const attributes = Object.entries(span.attributes);
  return (
    <div className="span-open">
      {placedWords[span.placed] !== '' && <p className="sub">{placedWords[span.placed]}</p>}
      <dl className="facts num">
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      {attributes.length > 0 && (
        <dl className="facts wide" aria-label="Attributes">
          {attributes.map(([name, value]) => (
            <div key={name}>
              <dt className="mono">{name}</dt>
              <dd className="mono">{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {span.events.length > 0 && (
        <ol className="span-events">
          {span.events.map((event, index) => (
            <li key={`${index}`}>
              <span className="num sub">{formatValue(event.startMs, 'ms')}</span> <b>{event.name}</b>
              {Object.entries(event.attributes).map(([name, value]) => (
                <span key={name} className="mono sub">
                  {` ${name}=${value.slice(0, 400)}`}
                </span>
              ))}
            </li>
          ))}
        </ol>
      )}
      {span.links.map((link) => (
        <Link key={link.spanId} className="link" href={`/explore/traces/${link.traceId}?span=${link.spanId}`}>
          Linked request {link.traceId.slice(0, 8)}
        </Link>
      ))}
    </div>
  );
}
