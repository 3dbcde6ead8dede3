import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { formatCount } from '../format/numbers.ts';
import { Icon } from '../parts/icon.tsx';
import { emptyTail, followLogs } from './log-tail.ts';
import { LogRow } from './log-row.tsx';

/** New lines as they come, newest first; a pause keeps what is shown still. */
export function LogTail(props: {
  readonly q: string;
  readonly service: string;
  readonly onFilter: (q: string) => void;
}): JSX.Element {
  const { q, service, onFilter } = props;
  const [tail, setTail] = useState(emptyTail);
  const [isPaused, setPaused] = useState(false);
  const [open, setOpen] = useState<string | null>(null);
  useEffect(() => setTail(emptyTail), [q, service]);
  useEffect(() => (isPaused ? undefined : followLogs({ q, service }, setTail)), [q, service, isPaused]);
  const words = {
    connecting: 'Connecting…',
    live: 'Waiting for the next line.',
    lost: 'Connection lost, trying again.',
  };
  return (
    <>
      <div className="tail-bar">
        <button className="btn small" type="button" onClick={() => setPaused(!isPaused)}>
          <Icon name={isPaused ? 'play' : 'pause'} />
          {isPaused ? 'Go on' : 'Pause'}
        </button>
        <span className="sub num" role="status">
          {isPaused ? 'Paused.' : words[tail.status]}
          {tail.missed > 0 &&
            ` ${formatCount(tail.missed)} lines came faster than they can be shown; search finds them.`}
        </span>
      </div>
      <ul className="lines">
        {tail.lines.map((line) => (
          <LogRow
            key={line.id}
            line={line}
            q={q}
            isOpen={open === line.id}
            onToggle={() => {
              setOpen(open === line.id ? null : line.id);
              setPaused(true);
            }}
            onFilter={onFilter}
          />
        ))}
      </ul>
    </>
  );
}
