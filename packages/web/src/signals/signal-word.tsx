import type { SignalVerdict, Tone } from '@belay/protocol';
import type { JSX } from 'preact';
import { Icon } from '../parts/icon.tsx';
import { signalIcon } from './signal-verdicts.ts';

/** What is to be said of a signal: shape, colour and always the word. */
export function SignalWord(props: {
  readonly verdict: SignalVerdict;
  readonly word: string;
  readonly tone: Tone;
  readonly isPill?: boolean;
}): JSX.Element {
  return (
    <span className={`${props.isPill === true ? 'pill' : 'v'} ${props.tone}`}>
      <Icon name={signalIcon(props.verdict)} />
      {props.word}
    </span>
  );
}
