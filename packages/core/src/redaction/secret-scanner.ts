/** Looks in one pass whether a text may hold something that a rule takes out; never misses, sometimes errs. */
export interface SecretScanner {
  /** Over UTF-8 bytes from `start` up to `end`. */
  inBytes(bytes: Uint8Array, start: number, end: number): boolean;
  inText(text: string): boolean;
}

/** Digits are one class, as are blank and dash. */
const ANY_DIGIT = '\u0001';
const ANY_GAP = '\u0002';

/**
 * A text of ASCII that makes a scanner stop, found in any case; every digit in it stands for any digit, and blank and
 * dash for each other. `needsAt`: only when an `@` follows somewhere.
 */
export interface Trigger {
  readonly text: string;
  readonly needsAt?: boolean;
}

const HIT = 1;
const SCHEME = 2;
const AT = 4;

interface Automaton {
  /** Class of each byte or of the code units below 256. */
  readonly classOf: Uint8Array;
  /** Next state by state times classes plus class. */
  readonly next: Uint16Array;
  readonly classes: number;
  readonly output: Uint8Array;
}

/** Builds a scanner for some triggers (Aho and Corasick 1975), case-blind for ASCII. */
export function createSecretScanner(triggers: readonly Trigger[]): SecretScanner {
  const { classOf, next, classes, output } = automatonOf([...triggers, { text: '@' }]);
  return {
    inBytes(bytes, start, end) {
      let state = 0;
      let seen = 0;
      for (let i = start; i < end; i += 1) {
        state = next[state * classes + (classOf[bytes[i] ?? 0] ?? 0)] ?? 0;
        const out = output[state] ?? 0;
        if (out === 0) continue;
        if ((out & HIT) !== 0 || ((out & AT) !== 0 && (seen & SCHEME) !== 0)) return true;
        seen |= out;
      }
      return false;
    },
    inText(text) {
      let state = 0;
      let seen = 0;
      for (let i = 0; i < text.length; i += 1) {
        const code = text.charCodeAt(i);
        state = next[state * classes + (code < 256 ? (classOf[code] ?? 0) : 0)] ?? 0;
        const out = output[state] ?? 0;
        if (out === 0) continue;
        if ((out & HIT) !== 0 || ((out & AT) !== 0 && (seen & SCHEME) !== 0)) return true;
        seen |= out;
      }
      return false;
    },
  };
}

function automatonOf(triggers: readonly Trigger[]): Automaton {
  const classNames = [...new Set(triggers.flatMap(({ text }) => Array.from(text, classNameOf)))];
  const classByName = new Map(classNames.map((name, index) => [name, index + 1]));
  const classes = classNames.length + 1;
  const states: { next: number[]; output: number; fail: number }[] = [];
  const addState = (): number =>
    states.push({ next: Array.from({ length: classes }, () => -1), output: 0, fail: 0 }) - 1;
  addState();
  for (const { text, needsAt = false } of triggers) {
    let state = 0;
    for (const character of text) {
      const row = states[state]?.next ?? [];
      const letter = classByName.get(classNameOf(character)) ?? 0;
      let following = row[letter] ?? -1;
      if (following < 0) {
        following = addState();
        row[letter] = following;
      }
      state = following;
    }
    const end = states[state];
    if (end !== undefined) end.output |= text === '@' ? AT : needsAt ? SCHEME : HIT;
  }
  linkFailures(states, classes);
  return {
    classOf: classTable(classByName),
    next: Uint16Array.from(states.flatMap(({ next }) => next)),
    classes,
    output: Uint8Array.from(states.map(({ output }) => output)),
  };
}

/** Breadth first: what follows in a state without an edge of its own is what follows in its longest suffix. */
function linkFailures(states: { next: number[]; output: number; fail: number }[], classes: number): void {
  const queue = [0];
  for (const index of queue) {
    const state = states[index];
    if (state === undefined) continue;
    for (let letter = 0; letter < classes; letter += 1) {
      const inherited = index === 0 ? 0 : (states[state.fail]?.next[letter] ?? 0);
      const target = state.next[letter] ?? -1;
      const child = states[target];
      if (child === undefined) {
        state.next[letter] = inherited;
        continue;
      }
      child.fail = inherited;
      child.output |= states[inherited]?.output ?? 0;
      queue.push(target);
    }
  }
}

function classTable(classByName: ReadonlyMap<string, number>): Uint8Array {
  const table = new Uint8Array(256);
  for (let code = 0; code < 256; code += 1) {
    table[code] = classByName.get(classNameOf(String.fromCharCode(code))) ?? 0;
  }
  return table;
}

function classNameOf(character: string): string {
  if (character >= '0' && character <= '9') return ANY_DIGIT;
  return character === ' ' || character === '-' ? ANY_GAP : character.toLowerCase();
}
