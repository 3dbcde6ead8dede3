import type { ErrorEventView, ExceptionView, StackFrame } from '@belay/protocol';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

/** The exceptions of an event with their calls: the app's own lines first and open, those of libraries folded. */
export function StackView({ event }: { readonly event: ErrorEventView }): JSX.Element {
  return (
    <div className="stacks">
      {event.exceptions.map((exception, index) => (
        <Exception key={`${index}`} exception={exception} isCause={index > 0} />
      ))}
      {event.exceptions.length === 0 && <p className="mono">{event.message}</p>}
      {event.sourceMapNote !== null && <p className="sub">{event.sourceMapNote}</p>}
    </div>
  );
}

function Exception(props: { readonly exception: ExceptionView; readonly isCause: boolean }): JSX.Element {
  const { exception, isCause } = props;
  const [isWhole, setWhole] = useState(false);
  const own = exception.frames.filter((frame) => frame.inApp);
  const shown = isWhole || own.length === 0 ? exception.frames : own;
  const hidden = exception.frames.length - shown.length;
  const first = shown.findIndex((frame) => frame.context !== null);
  return (
    <section className="stack-part">
      <h3>
        {isCause && <span className="sub">caused by </span>}
        {exception.type}
        <span className="value"> {exception.value}</span>
      </h3>
      <ol className="frames">
        {shown.map((frame, index) => (
          <Frame key={`${index}`} frame={frame} isFirst={index === first} />
        ))}
      </ol>
      {(hidden > 0 || isWhole) && (
        <button className="linkish" type="button" onClick={() => setWhole(!isWhole)}>
          {isWhole ? 'Show only our own lines' : `Show ${hidden} more ${hidden === 1 ? 'line' : 'lines'} of libraries`}
        </button>
      )}
    </section>
  );
}

function Frame({ frame, isFirst }: { readonly frame: StackFrame; readonly isFirst: boolean }): JSX.Element {
  const [isOpen, setOpen] = useState(isFirst);
  const place = `${frame.file ?? frame.module ?? 'unknown file'}${frame.line === null ? '' : `:${frame.line}`}`;
  const head = (
    <>
      <span className="mono fn">{frame.function ?? '(anonymous)'}</span> <span className="mono sub">{place}</span>
    </>
  );
  return (
    <li className={frame.inApp ? 'own' : ''}>
      {frame.context === null ? (
        <span className="frame-head">{head}</span>
      ) : (
        <button className="frame-head" type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {head}
        </button>
      )}
      {frame.context !== null && isOpen && <Lines context={frame.context} hit={frame.line} label={place} />}
    </li>
  );
}

function Lines(props: {
  readonly context: NonNullable<StackFrame['context']>;
  readonly hit: number | null;
  readonly label: string;
}): JSX.Element {
  return (
    <div className="code-lines" tabIndex={0} role="group" aria-label={`Lines around ${props.label}`}>
      {props.context.lines.map((text, index) => {
        const number = props.context.first + index;
        return (
          <code key={`${number}`} className={number === props.hit ? 'hit' : ''}>
            <span className="no">{number}</span>
            {text === '' ? ' ' : text}
          </code>
        );
      })}
    </div>
  );
}
