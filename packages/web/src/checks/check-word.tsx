import type { CheckStatusView, Tone } from '@belay/protocol';
import type { JSX } from 'preact';
import { Icon, type IconName } from '../parts/icon.tsx';

const icons = {
  down: 'octagon',
  flapping: 'triangle',
  failing: 'half',
  silent: 'ring',
  warn: 'triangle',
  pending: 'circle',
  up: 'check',
} as const satisfies Record<CheckStatusView, IconName>;

/** What a check is held to be: shape, colour and always the word. */
export function CheckWord(props: {
  readonly status: CheckStatusView;
  readonly word: string;
  readonly tone: Tone;
  readonly isPill?: boolean;
}): JSX.Element {
  return (
    <span className={`${props.isPill === true ? 'pill' : 'v'} ${props.tone}`}>
      <Icon name={icons[props.status]} />
      {props.word}
    </span>
  );
}
