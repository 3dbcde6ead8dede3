import type { JSX } from 'preact';

export interface ChoiceOption<T extends string> {
  readonly value: T;
  readonly text: string;
}

/** A native list to choose from; its label is heard, not seen. */
export function Choice<T extends string>(props: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly ChoiceOption<T>[];
  readonly onChoose: (value: T) => void;
}): JSX.Element {
  return (
    <label className="service">
      <span className="vh">{props.label}</span>
      <select
        value={props.value}
        onChange={(event) => {
          const chosen = props.options.find((one) => one.value === event.currentTarget.value);
          if (chosen !== undefined) props.onChoose(chosen.value);
        }}
      >
        {props.options.map((one) => (
          <option key={one.value} value={one.value}>
            {one.text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A few choices beside each other, one of them on. */
export function Segments<T extends string>(props: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly ChoiceOption<T>[];
  readonly onChoose: (value: T) => void;
}): JSX.Element {
  return (
    <span className="seg" role="group" aria-label={props.label}>
      {props.options.map((one) => (
        <button
          key={one.value}
          type="button"
          aria-pressed={one.value === props.value}
          onClick={() => props.onChoose(one.value)}
        >
          {one.text}
        </button>
      ))}
    </span>
  );
}
