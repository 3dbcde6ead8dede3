const PAIR = /^\s*(?<key>[A-Za-z_@][\w.@/-]*)=(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<bare>[^\s"]*))(?=\s|$)/;

/** Reads a whole line of `key=value` pairs; undefined where anything in it is not one, or where there is only one. */
export function parseLogfmt(line: string): Map<string, unknown> | undefined {
  const pairs = new Map<string, unknown>();
  let rest = line;
  while (rest.trim() !== '') {
    const match = PAIR.exec(rest);
    const key = match?.groups?.['key'];
    if (match === null || key === undefined) return undefined;
    pairs.set(key, valueOf(match.groups ?? {}));
    rest = rest.slice(match[0].length);
  }
  return pairs.size > 1 ? pairs : undefined;
}

function valueOf({ quoted, bare = '' }: Record<string, string | undefined>): string | number {
  if (quoted !== undefined) return quoted.replaceAll(/\\(.)/g, (_whole, letter: string) => ESCAPED[letter] ?? letter);
  const number = Number(bare);
  return bare !== '' && Number.isFinite(number) && String(number) === bare ? number : bare;
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
