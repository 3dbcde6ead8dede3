import { duration, units } from '@belay/core/rollout';
import type { GuardView, RolloutView, StageView, Tone } from '@belay/protocol';
import type { Output, Style } from './output.ts';
import { formatTable } from './table.ts';

type Paint = Pick<Output, 'paint'>;

const AXIS_CELLS = 31;
/** The axis reaches from twice the limit on the good side to twice the limit on the bad side. */
const AXIS_REACH = 2;

const STYLE: Readonly<Record<Tone, Style>> = {
  ok: 'green',
  bad: 'red',
  wait: 'magenta',
  live: 'blue',
  none: 'dim',
};

const VERDICT_MARK: Readonly<Record<GuardView['verdict'], { mark: string; style: Style }>> = {
  better: { mark: '↑', style: 'green' },
  'not-worse': { mark: '✓', style: 'green' },
  'cant-tell': { mark: '◐', style: 'magenta' },
  worse: { mark: '■', style: 'red' },
  'no-data': { mark: '○', style: 'dim' },
  'cant-trust': { mark: '▲', style: 'red' },
};

/** The rollout page for a terminal: head, verdict, ladder, guards, harm, undo. Sentences are the server's own. */
export function rolloutText(view: RolloutView, { paint }: Paint): string {
  const head = `#${view.number} ${paint('bold', view.title)}  ${paint(STYLE[view.tone], view.word)}  ${shareText(view.share)}`;
  const next = view.next === null ? [] : [nextText(view.next)];
  return [
    head,
    `${view.flagKey}: ${view.controlVariant} → ${view.canaryVariant}`,
    '',
    paint(STYLE[view.verdict.tone], view.verdict.headline),
    ...(view.verdict.detail === '' ? [] : [view.verdict.detail]),
    ...(view.held === null || view.held.sentence === view.verdict.detail ? [] : [view.held.sentence]),
    ...next,
    '',
    view.stages.map((stage) => stageText(stage, paint)).join('  ─  '),
    '',
    guardTable(view.guards, paint),
    ...(view.tradeOff === null ? [] : [view.tradeOff.text]),
    view.soundness.text,
    '',
    harmText(view.harm),
    `Undo: ${view.undo.sentence}`,
  ].join('\n');
}

function stageText(stage: StageView, paint: Output['paint']): string {
  const share = shareText(stage.share);
  switch (stage.status) {
    case 'done':
      return paint('green', `✓ ${share}`);
    case 'failed':
      return paint('red', `■ ${share}`);
    case 'held':
      return paint('magenta', `‖ ${share}`);
    case 'now':
      return paint('bold', `▶ ${share} (${gatesText(stage)})`);
    case 'todo':
      return paint('dim', `· ${share}`);
  }
}

function gatesText(stage: StageView): string {
  const time = `${duration(stage.elapsedMs)} of ${duration(stage.soakMs)}`;
  const requests = `${units(stage.canaryUnits)} of ${units(stage.minUnits)} requests`;
  return stage.approval === 'needed' ? `${time}, ${requests}, needs approval` : `${time}, ${requests}`;
}

/** `Next, by itself: 10% at about 01:55`; a condition that is a sentence of its own stands as one. */
function nextText({ label, what, condition }: NonNullable<RolloutView['next']>): string {
  if (condition === '') return `${label}: ${what}`;
  return /^\p{Lu}/u.test(condition) ? `${label}: ${what}. ${condition}.` : `${label}: ${what} ${condition}`;
}

/** `Harm done: about 2 failed requests (between 0 and 2 more than the old path)`. */
function harmText({ title, headline, unit, sub }: RolloutView['harm']): string {
  const amount = unit === '' ? headline : `${headline} ${unit}`;
  return sub === '' ? `${title}: ${amount}` : `${title}: ${amount} (${sub})`;
}

function guardTable(guards: readonly GuardView[], paint: Output['paint']): string {
  const rows = guards.map((guard) => {
    const { mark, style } = VERDICT_MARK[guard.verdict];
    return [guard.title, axisText(guard.scaled), paint(style, `${mark} ${guard.word}`), guard.sentence];
  });
  return formatTable(['guard', axisHeader(), 'verdict', ''], rows);
}

/** `better  0     limit  worse`: right is always worse, and the limit stands at the same place for every guard. */
function axisHeader(): string {
  const cells = Array.from({ length: AXIS_CELLS }, () => ' ');
  place(cells, cellOf(0), 'same');
  place(cells, cellOf(1), 'limit');
  return cells.join('');
}

function axisText(scaled: GuardView['scaled']): string {
  const cells = Array.from({ length: AXIS_CELLS }, () => ' ');
  cells[cellOf(0)] = '┊';
  cells[cellOf(1)] = '╎';
  if (scaled !== null) {
    for (let cell = cellOf(scaled.low); cell <= cellOf(scaled.high); cell++) cells[cell] = '━';
    cells[cellOf(scaled.estimate)] = '●';
  }
  return cells.join('');
}

function cellOf(value: number): number {
  const clamped = Math.min(AXIS_REACH, Math.max(-AXIS_REACH, value));
  return Math.round(((clamped + AXIS_REACH) / (2 * AXIS_REACH)) * (AXIS_CELLS - 1));
}

function place(cells: string[], middle: number, word: string): void {
  const start = Math.max(0, middle - Math.floor(word.length / 2));
  word.split('').forEach((letter, index) => {
    cells[start + index] = letter;
  });
}

function shareText(share: number): string {
  return `${Number((share * 100).toFixed(4))}%`;
}
