/** Lines whose masked text is the same. */
export interface MaskedGroup {
  /** Identity of the group, e.g. the hash of its masked text. */
  readonly key: string;
  /** One line of the group. */
  readonly sample: string;
  /** How many lines, > 0. */
  readonly count: number;
}

/** Groups that differ in a few words only. */
export interface LogTemplate {
  /** Words and placeholders: `<num>`, `<id>`, `<str>`, `<*>`. */
  readonly words: readonly string[];
  /** Keys of the groups, largest first. */
  readonly keys: readonly string[];
  readonly sample: string;
  readonly count: number;
}

/** Share of words that two texts must have in common to be one template. */
const SIMILARITY = 0.6;
/** Texts are compared by this many words at most. */
const MOST_WORDS = 60;
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/"(?:[^"\\]|\\.)*"|(?<![\w'])'[^']*'(?!\w)/g, '<str>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>'],
  [/(?<![\w<])[+-]?\d+(?:[.:,]\d+)*(?:e[+-]?\d+)?(?=(?:[a-zµ%]{1,3})?(?![\w>]))/gi, '<num>'],
  // What the engine masks as well: words with two digits, or that begin with one.
  [/(?<![<\w])(?:[A-Za-z_-]*\d[A-Za-z_-]*\d[\w.:-]*|\d[\w.:-]*)(?<![.:-])/g, '<id>'],
];
/** Words that say what happened: where they differ, the lines say different things. */
const TELLING = new Set(
  (
    'in out on off up down open opened close closed start started stop stopped begin end ended true false yes no not ' +
    'ok error failed failure succeeded success accepted declined rejected refused allowed denied created updated ' +
    'deleted added removed enabled disabled connected disconnected hit miss sent received read write get post put ' +
    'patch delete head options insert select update debug info warn warning fatal retry retrying timeout before after'
  ).split(' '),
);

/** A line with numbers, ids and quoted text replaced by placeholders, as words. */
export function maskedWords(text: string): readonly string[] {
  let masked = text;
  for (const [pattern, mask] of MASKS) masked = masked.replaceAll(pattern, mask);
  return masked.trim().split(/\s+/).slice(0, MOST_WORDS);
}

/**
 * Merges groups into templates in the manner of Drain (He et al., "Drain: An Online Log Parsing Approach with Fixed
 * Depth Tree", ICWS 2017): texts of the same number of words that share the first or last word and at least 60% of all
 * words are one template, with `<*>` where they differ. Unlike Drain, words that say what happened (`in`, `out`,
 * `failed` ...) are never merged. Counts add up exactly; the result does not depend on the order of the groups.
 */
export function mergeTemplates(groups: readonly MaskedGroup[]): readonly LogTemplate[] {
  const ordered = groups.toSorted((a, b) => b.count - a.count || compare(a.sample, b.sample) || compare(a.key, b.key));
  const clusters: Cluster[] = [];
  const byAnchor = new Map<string, Set<Cluster>>();
  for (const group of ordered) {
    const words = maskedWords(group.sample);
    const anchors = anchorsOf(words);
    const home = findHome(words, anchors, byAnchor);
    if (home === undefined) {
      const cluster = { words: [...words], keys: [group.key], sample: group.sample, count: group.count };
      clusters.push(cluster);
      for (const anchor of anchors) register(byAnchor, anchor, cluster);
      continue;
    }
    home.count += group.count;
    home.keys.push(group.key);
    home.words = home.words.map((word, at) => mergedWord(word, words[at] ?? ''));
  }
  return clusters.toSorted((a, b) => b.count - a.count);
}

/** Whether a template's words stand for a line. */
export function templateMatches(template: readonly string[], text: string): boolean {
  const words = maskedWords(text);
  return (
    words.length === template.length && words.every((word, at) => mergedWord(template[at] ?? '', word) === template[at])
  );
}

interface Cluster {
  words: string[];
  readonly keys: string[];
  readonly sample: string;
  count: number;
}

function anchorsOf(words: readonly string[]): readonly string[] {
  return [`${words.length} > ${words[0] ?? ''}`, `${words.length} < ${words.at(-1) ?? ''}`];
}

function register(byAnchor: Map<string, Set<Cluster>>, anchor: string, cluster: Cluster): void {
  const known = byAnchor.get(anchor);
  if (known === undefined) byAnchor.set(anchor, new Set([cluster]));
  else known.add(cluster);
}

function findHome(
  words: readonly string[],
  anchors: readonly string[],
  byAnchor: ReadonlyMap<string, ReadonlySet<Cluster>>,
): Cluster | undefined {
  let best: Cluster | undefined;
  let most = SIMILARITY;
  for (const anchor of anchors) {
    for (const cluster of byAnchor.get(anchor) ?? []) {
      const similarity = similarityOf(cluster.words, words);
      if (similarity > most || (similarity === most && best === undefined)) {
        best = cluster;
        most = similarity;
      }
    }
  }
  return best;
}

/** Share of equal words; 0 where a telling word differs. */
function similarityOf(template: readonly string[], words: readonly string[]): number {
  let equal = 0;
  for (const [at, word] of words.entries()) {
    const known = template[at] ?? '';
    if (known === word) equal += 1;
    else if (isTelling(known) || isTelling(word)) return 0;
  }
  return equal / words.length;
}

function isTelling(word: string): boolean {
  return TELLING.has(word.toLowerCase().replaceAll(/[^a-z]/g, ''));
}

function mergedWord(template: string, word: string): string {
  return template === word ? template : '<*>';
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
