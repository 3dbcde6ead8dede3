import type { RolloutSummary } from '@belay/protocol';

/** One line of the palette. `command` is what does the same in a terminal. */
export interface PaletteEntry {
  readonly id: string;
  readonly group: 'Go to' | 'Changes' | 'Flags' | 'Signals' | 'Errors' | 'Run';
  readonly text: string;
  readonly command: string | null;
  readonly run: () => void;
}

/** Entries in which every typed word begins a word, best first: those that start with the text, then the rest. */
export function findEntries(entries: readonly PaletteEntry[], typed: string): readonly PaletteEntry[] {
  const words = typed
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const found = entries.filter((entry) => {
    const text = `${entry.text} ${entry.command ?? ''}`.toLowerCase();
    return words.every((word) => text.startsWith(word) || hasWordStarting(text, word));
  });
  const whole = words.join(' ');
  return found.toSorted((a, b) => rank(a, whole) - rank(b, whole));
}

/** What can be run on a change that is under way, with its command. */
export function actionEntries(
  rollout: RolloutSummary,
  act: (action: 'rollback' | 'hold' | 'resume') => void,
): readonly PaletteEntry[] {
  const texts = { rollback: 'Roll back', hold: 'Hold', resume: 'Resume' } as const;
  return (['rollback', 'hold', 'resume'] as const)
    .filter((action) => rollout.allowed.includes(action))
    .map((action) => ({
      id: `${action}-${rollout.id}`,
      group: 'Run',
      text: `${texts[action]} ${rollout.title}`,
      command: `belay rollout ${action} ${rollout.number}`,
      run: () => act(action),
    }));
}

function hasWordStarting(text: string, word: string): boolean {
  let index = text.indexOf(word);
  while (index >= 0) {
    if (index === 0 || !/[\p{L}\p{N}]/u.test(text[index - 1] ?? '')) return true;
    index = text.indexOf(word, index + 1);
  }
  return false;
}

function rank(entry: PaletteEntry, whole: string): number {
  return entry.text.toLowerCase().startsWith(whole) ? 0 : 1;
}
