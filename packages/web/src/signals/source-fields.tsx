import type { SignalSource } from '@belay/protocol';
import type { JSX } from 'preact';
import type { SignalDraft } from './signal-draft.ts';

const kinds = [
  ['ratio', 'share of bad events'],
  ['quantile', 'quantile, such as p95'],
  ['rate', 'how many a minute'],
  ['mean', 'mean value'],
  ['gauge', 'value as it stands'],
] as const;
const dimensions = ['quality', 'latency', 'throughput', 'cost'] as const;
const goods = [
  ['lower', 'lower'],
  ['higher', 'higher'],
  ['none', 'staying as usual'],
] as const;
const sources = [
  ['spans', 'requests and jobs (spans)'],
  ['metric', 'a metric'],
  ['logs', 'log lines'],
  ['errors', 'errors'],
  ['outcomes', 'outcomes of flags'],
  ['sql', 'SQL'],
  ['prometheus', 'another Prometheus'],
] as const satisfies readonly (readonly [SignalSource['type'], string])[];

/** How the number is made and where it comes from. */
export function SourceFields(props: {
  readonly draft: SignalDraft;
  readonly onChange: (part: Partial<SignalDraft>) => void;
  readonly onType: (type: SignalSource['type']) => void;
}): JSX.Element {
  const { draft, onChange, onType } = props;
  const type = sources.find(([key]) => draft.source.includes(`"type": "${key}"`))?.[0] ?? 'spans';
  return (
    <>
      <div className="pairs three">
        <Choice label="Number" value={draft.kind} options={kinds} onChoose={(kind) => onChange({ kind })} />
        <Choice
          label="About"
          value={draft.dimension}
          options={dimensions.map((one) => [one, one] as const)}
          onChoose={(dimension) => onChange({ dimension })}
        />
        <Choice label="Good is" value={draft.good} options={goods} onChoose={(good) => onChange({ good })} />
        <Choice label="Made of" value={type} options={sources} onChoose={onType} />
        {draft.kind === 'quantile' && (
          <label className="field">
            <span>Quantile</span>
            <input
              type="text"
              value={draft.quantile}
              placeholder="0.95"
              onInput={(event) => onChange({ quantile: event.currentTarget.value })}
            />
          </label>
        )}
      </div>
      <label className="field">
        <span>Source</span>
        <textarea
          className="mono"
          rows={Math.min(12, draft.source.split('\n').length + 1)}
          spellcheck={false}
          value={draft.source}
          onInput={(event) => onChange({ source: event.currentTarget.value })}
        />
      </label>
    </>
  );
}

function Choice<T extends string>(props: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly onChoose: (value: T) => void;
}): JSX.Element {
  return (
    <label className="field">
      <span>{props.label}</span>
      <select
        value={props.value}
        onChange={(event) => {
          const chosen = props.options.find(([key]) => key === event.currentTarget.value);
          if (chosen !== undefined) props.onChoose(chosen[0]);
        }}
      >
        {props.options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
