/** A rule of one's own: texts that hold `contains` are searched for `pattern`, and what matches is taken out. */
export interface OwnPattern {
  /** Counted and shown under this name. */
  readonly name: string;
  /** At least three characters of ASCII that are in every match, found in any case; keeps other texts cheap. */
  readonly contains: string;
  /** A regular expression of a subset that cannot run for long; see {@link checkOwnPattern}. */
  readonly pattern: string;
}

/** An open repetition counts, and is limited to, this many. */
const OPEN = 256;
/** Most steps that one place in a text may cost. */
const MOST_STEPS = 1024;

/**
 * Why a pattern is not taken; undefined when it is. Taken are regular expressions (JavaScript, with the `u` flag)
 * without look-around and back references, in which only single characters, classes and escapes are repeated, and whose
 * repetitions multiply to at most 1024, an open one (`*`, `+`, `{2,}`) counting as 256. Such a pattern needs at most 1024
 * steps at each place of a text, whatever the text.
 */
export function checkOwnPattern({ contains, pattern }: OwnPattern): string | undefined {
  if (!/^[\x20-\x7e]{3,64}$/.test(contains)) return '"contains" should be 3 to 64 characters of printable ASCII';
  if (pattern.length === 0 || pattern.length > 500) return '"pattern" should have 1 to 500 characters';
  if (/\(\?[^:]/.test(pattern)) return 'look-around, named groups and flags within "pattern" are not taken';
  if (/\\[1-9]|\\k/.test(pattern)) return 'back references in "pattern" are not taken';
  if (/\)(?:[*+?]|\{\d)/.test(withoutClasses(pattern))) return 'a group in "pattern" must not be repeated';
  const steps = stepsOf(pattern);
  if (steps > MOST_STEPS) {
    return `the repetitions in "pattern" multiply to ${steps}; at most ${MOST_STEPS} are taken, an open one counts as ${OPEN}`;
  }
  return problemOf(pattern);
}

/** The pattern with open repetitions limited; only for patterns that {@link checkOwnPattern} takes. */
export function compileOwnPattern({ pattern }: OwnPattern): RegExp {
  return new RegExp(limited(pattern), 'giu');
}

function problemOf(pattern: string): string | undefined {
  try {
    const compiled = new RegExp(limited(pattern), 'giu');
    return compiled.test('') ? '"pattern" must not match the empty text' : undefined;
  } catch (error) {
    return `"pattern" cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Escapes, classes, repetitions and single characters. */
const PARTS = /\\.|\[(?:\\.|[^\]\\])*\]|[*+?]\??|\{\d+(?:,\d*)?\}\??|[\s\S]/gu;

function stepsOf(pattern: string): number {
  let steps = 1;
  let alternatives = 1;
  for (const part of pattern.match(PARTS) ?? []) {
    if (part === '|') alternatives += 1;
    else if (/^[*+]/.test(part)) steps *= OPEN;
    else if (part.startsWith('?')) steps *= 2;
    else if (part.startsWith('{')) steps *= Math.max(1, mostOf(part));
  }
  return steps * alternatives;
}

function mostOf(repetition: string): number {
  const [, least = '0', comma = '', most = ''] = /^\{(\d+)(,?)(\d*)\}/.exec(repetition) ?? [];
  if (comma === '') return Number(least);
  return most === '' ? Number(least) + OPEN : Number(most);
}

function limited(pattern: string): string {
  const parts = pattern.match(PARTS) ?? [];
  return parts
    .map((part) => {
      if (part.startsWith('*')) return `{0,${OPEN}}${part.slice(1)}`;
      if (part.startsWith('+')) return `{1,${OPEN}}${part.slice(1)}`;
      const open = /^\{(\d+),\}(\??)$/.exec(part);
      return open === null ? part : `{${open[1]},${Number(open[1]) + OPEN}}${open[2]}`;
    })
    .join('');
}

function withoutClasses(pattern: string): string {
  return pattern.replaceAll(/\\.|\[(?:\\.|[^\]\\])*\]/gu, 'x');
}
