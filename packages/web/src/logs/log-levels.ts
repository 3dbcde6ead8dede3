import type { LevelCounts, LogLine } from '@belay/protocol';

type Level = keyof LevelCounts;

/** Levels from least to most severe, with the colour and the letter that stand for them. */
export const levels = [
  { level: 'trace', label: 'trace', colour: '--line3' },
  { level: 'debug', label: 'debug', colour: '--c6' },
  { level: 'unknown', label: 'no level', colour: '--old' },
  { level: 'info', label: 'info', colour: '--new' },
  { level: 'warn', label: 'warn', colour: '--c4' },
  { level: 'error', label: 'error', colour: '--bad' },
  { level: 'fatal', label: 'fatal', colour: '--c2' },
] as const satisfies readonly { level: Level; label: string; colour: string }[];

/** How a level stands beside its line: word and class. */
export function levelOf(line: LogLine): { readonly text: string; readonly look: string } {
  const level = line.level ?? 'unknown';
  return { text: line.level ?? (line.severityText === '' ? '–' : line.severityText), look: `lv-${level}` };
}
