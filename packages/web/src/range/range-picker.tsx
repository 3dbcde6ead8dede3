import type { JSX, TargetedEvent } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { formatUtc } from '../format/times.ts';
import { Icon } from '../parts/icon.tsx';
import { useDismiss } from '../parts/use-dismiss.ts';
import { localFieldText, momentOf, presets, rangeText } from './time-range.ts';
import type { LiveRange } from './use-time-range.ts';

/** One way to choose time for every screen: presets, two moments, and whether it moves on by itself. */
export function RangePicker({ live }: { readonly live: LiveRange }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useDismiss(box, isOpen, () => setOpen(false));
  const choose = (range: LiveRange['range']): void => {
    live.setRange(range);
    setOpen(false);
    box.current?.querySelector('button')?.focus();
  };
  return (
    <div className="range" ref={box} role="group" aria-label="Time range">
      <button
        className="btn"
        type="button"
        aria-expanded={isOpen}
        title={`${formatUtc(live.from)} to ${formatUtc(live.to)}`}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="clock" />
        <span className="vh">Time range: </span>
        {rangeText(live.range, live.to)}
        <Icon name="down" />
      </button>
      {live.range.kind === 'last' && (
        <button
          className="btn icon-only"
          type="button"
          aria-pressed={live.isLive}
          aria-label={live.isLive ? 'Live, press to pause' : 'Paused, press to go on'}
          title={live.isLive ? 'Moves on by itself' : 'Paused'}
          onClick={() => live.setLive(!live.isLive)}
        >
          <Icon name={live.isLive ? 'pause' : 'play'} />
        </button>
      )}
      {isOpen && (
        <div className="range-menu">
          <ul>
            {presets.map((preset) => (
              <li key={preset.key}>
                <button
                  type="button"
                  aria-pressed={live.range.kind === 'last' && live.range.ms === preset.ms}
                  onClick={() => choose({ kind: 'last', ms: preset.ms })}
                >
                  {preset.text}
                </button>
              </li>
            ))}
          </ul>
          <BetweenForm live={live} onChoose={choose} />
        </div>
      )}
    </div>
  );
}

function BetweenForm(props: {
  readonly live: LiveRange;
  readonly onChoose: (range: LiveRange['range']) => void;
}): JSX.Element {
  const [start, setStart] = useState(localFieldText(props.live.from));
  const [end, setEnd] = useState(localFieldText(props.live.to));
  const from = momentOf(start);
  const to = momentOf(end);
  const isReversed = from !== null && to !== null && to <= from;
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (from !== null && to !== null && !isReversed) props.onChoose({ kind: 'between', from, to });
  };
  return (
    <form onSubmit={submit}>
      <label className="field">
        <span>From</span>
        <input type="datetime-local" required value={start} onInput={(event) => setStart(event.currentTarget.value)} />
      </label>
      <label className="field">
        <span>To</span>
        <input
          type="datetime-local"
          required
          value={end}
          aria-invalid={isReversed}
          onInput={(event) => setEnd(event.currentTarget.value)}
        />
      </label>
      <p className="sub" role="status">
        {isReversed
          ? 'The end must come after the start.'
          : `Your own time${from === null ? '' : `; starts ${formatUtc(from)}`}.`}
      </p>
      <button className="btn primary" type="submit" disabled={isReversed}>
        Show this time
      </button>
    </form>
  );
}
