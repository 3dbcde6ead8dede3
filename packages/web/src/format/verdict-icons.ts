import type { GuardVerdictView, RolloutStatus, RolloutSummary, Tone } from '@belay/protocol';
import type { IconName } from '../parts/icon.tsx';

/** Each verdict has its own shape, so that colour is never needed to read it. */
export const verdictIcons = {
  better: { icon: 'better', tone: 'ok' },
  'not-worse': { icon: 'check', tone: 'ok' },
  'cant-tell': { icon: 'half', tone: 'wait' },
  worse: { icon: 'octagon', tone: 'bad' },
  'no-data': { icon: 'ring', tone: 'none' },
  'cant-trust': { icon: 'triangle', tone: 'wait' },
} as const satisfies Record<GuardVerdictView, { icon: IconName; tone: Tone }>;

export const toneIcons = {
  ok: 'check',
  bad: 'octagon',
  wait: 'half',
  live: 'play',
  none: 'circle',
} as const satisfies Record<Tone, IconName>;

const statusIcons = {
  draft: 'note',
  scheduled: 'clock',
  running: 'play',
  held: 'pause',
  completed: 'check',
  'rolled-back': 'back',
  cancelled: 'close',
} as const satisfies Record<RolloutStatus, IconName>;

export function statusIcon(rollout: Pick<RolloutSummary, 'status'>): IconName {
  return statusIcons[rollout.status];
}

/** Whether people should still watch it: it serves, or waits to serve, the new path. */
export function isUnderWay(status: RolloutStatus): boolean {
  return status === 'running' || status === 'held';
}
