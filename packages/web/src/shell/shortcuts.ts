/** Everything a key can ask for. Pages answer the ones that make sense on them. */
export const shortcutNames = [
  'palette',
  'help',
  'go-overview',
  'go-changes',
  'go-flags',
  'go-signals',
  'go-errors',
  'go-checks',
  'go-safety',
  'go-settings',
  'next',
  'previous',
  'rollback',
  'hold',
  'search',
  'resolve',
  'select',
] as const;
export type ShortcutName = (typeof shortcutNames)[number];

/** One row of the list of shortcuts. */
export const shortcutHelp: readonly { readonly keys: readonly string[]; readonly what: string }[] = [
  { keys: ['Ctrl K', '⌘K'], what: 'Search or run' },
  { keys: ['G', 'O'], what: 'Overview' },
  { keys: ['G', 'C'], what: 'Changes' },
  { keys: ['G', 'F'], what: 'Flags' },
  { keys: ['G', 'S'], what: 'Signals' },
  { keys: ['G', 'E'], what: 'Errors' },
  { keys: ['G', 'K'], what: 'Checks' },
  { keys: ['G', 'D'], what: 'Data safety' },
  { keys: ['G', 'T'], what: 'Settings' },
  { keys: ['J', 'K'], what: 'Next, previous row' },
  { keys: ['Enter'], what: 'Open the row' },
  { keys: ['E'], what: 'Resolve (on an error)' },
  { keys: ['X'], what: 'Select (on an error)' },
  { keys: ['R'], what: 'Roll back now (on a change)' },
  { keys: ['H'], what: 'Hold (on a change)' },
  { keys: ['/'], what: 'Filter the list' },
  { keys: ['?'], what: 'This list' },
];

export interface KeyPress {
  /** The produced character, so that every keyboard layout works. */
  readonly key: string;
  readonly withModifier: boolean;
  readonly withAlt: boolean;
  readonly inField: boolean;
  readonly at: number;
}

const SEQUENCE_MS = 1200;
const afterG = {
  o: 'go-overview',
  c: 'go-changes',
  f: 'go-flags',
  s: 'go-signals',
  e: 'go-errors',
  k: 'go-checks',
  d: 'go-safety',
  t: 'go-settings',
} as const;
const single = { '?': 'help', j: 'next', k: 'previous', '/': 'search', e: 'resolve', x: 'select' } as const;
// Capitals too: the page shows them as R and H, and a rollback must not depend on the shift key.
const acts = { r: 'rollback', h: 'hold' } as const;

/** Turns key presses into shortcuts; remembers only a `g` that waits for its second key. */
export function createShortcutReader(options: {
  readonly singleKeys: () => boolean;
}): (press: KeyPress) => ShortcutName | null {
  let gAt = Number.NEGATIVE_INFINITY;
  return (press) => {
    const key = press.key.toLowerCase();
    if (press.withModifier) return key === 'k' && !press.withAlt ? 'palette' : null;
    if (press.inField || press.withAlt || !options.singleKeys()) return null;
    const isSecond = press.at - gAt < SEQUENCE_MS;
    gAt = key === 'g' ? press.at : Number.NEGATIVE_INFINITY;
    if (isSecond && isKeyOf(afterG, key)) return afterG[key];
    if (isKeyOf(single, key)) return single[key];
    return isKeyOf(acts, key) ? acts[key] : null;
  };
}

function isKeyOf<T extends object>(table: T, key: string): key is Extract<keyof T, string> {
  return Object.hasOwn(table, key);
}
