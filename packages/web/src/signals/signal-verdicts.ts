import type { SignalVerdict } from '@belay/protocol';
import type { IconName } from '../parts/icon.tsx';

const shapes = {
  usual: 'check',
  higher: 'up',
  lower: 'lower',
  'past-warning': 'triangle',
  'past-critical': 'octagon',
  learning: 'half',
  'no-data': 'ring',
} as const satisfies Record<SignalVerdict, IconName>;

/** Each verdict of a signal has its own shape; the word and the colour come from the server. */
export function signalIcon(verdict: SignalVerdict): IconName {
  return shapes[verdict];
}
