import type { GuardView, RolloutView } from '@belay/protocol';
import type { JSX } from 'preact';
import { toneIcons } from '../format/verdict-icons.ts';
import { Icon } from '../parts/icon.tsx';
import { IntervalBar } from '../parts/interval-bar.tsx';
import { AXIS_LIMIT, AXIS_SAME } from '../parts/interval-geometry.ts';
import { VerdictWord } from '../parts/verdict-word.tsx';

export interface GuardsCardProps {
  readonly rollout: RolloutView;
  readonly selected: string | null;
  readonly onSelect: (guard: string) => void;
}

/** Every guard on one axis; a row selects the chart below. */
export function GuardsCard({ rollout, selected, onSelect }: GuardsCardProps): JSX.Element {
  const note = rollout.tradeOff ?? rollout.soundness;
  return (
    <section className="card guards" aria-labelledby="guards-title">
      <div className="axis">
        <span className="hh">
          <h2 id="guards-title">Guards</h2>
          <span className="sub">new path against old path, at the same time</span>
        </span>
        <span className="ax" aria-hidden="true">
          <span style={{ left: '16%' }}>← better</span>
          <span style={{ left: `${AXIS_SAME}%` }}>same</span>
          <span className="limit" style={{ left: `${AXIS_LIMIT}%` }}>
            limit
          </span>
        </span>
        <span />
      </div>
      {rollout.guards.map((guard) => (
        <GuardRow key={guard.id} guard={guard} isSelected={guard.id === selected} onSelect={onSelect} />
      ))}
      <div className={`trade ${note.tone}`}>
        <Icon name={toneIcons[note.tone]} />
        <NoteText text={note.text} />
      </div>
    </section>
  );
}

function GuardRow(props: {
  readonly guard: GuardView;
  readonly isSelected: boolean;
  readonly onSelect: (guard: string) => void;
}): JSX.Element {
  const { guard, isSelected, onSelect } = props;
  return (
    <button type="button" className="g" aria-pressed={isSelected} onClick={() => onSelect(guard.id)}>
      <span className="nm">
        <span className="n">{guard.title}</span>
        <span className="s" title={guard.sentence}>
          {guard.sentence}
        </span>
      </span>
      <IntervalBar guard={guard} />
      <VerdictWord guard={guard} className="vv" />
    </button>
  );
}

/** The part before the first colon names the note; it stands out. */
function NoteText({ text }: { readonly text: string }): JSX.Element {
  const colon = text.indexOf(':');
  if (colon < 0 || colon > 40) return <span>{text}</span>;
  return (
    <span>
      <b>{text.slice(0, colon + 1)}</b>
      {text.slice(colon + 1)}
    </span>
  );
}
