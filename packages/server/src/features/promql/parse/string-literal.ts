const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** The text of a PromQL string (Go's escapes; none in backticks); undefined when it is not one. */
export function unquote(literal: string): string | undefined {
  const quote = literal[0];
  if (literal.length < 2 || !literal.endsWith(quote ?? '')) return undefined;
  const body = literal.slice(1, -1);
  if (quote === '`') return body;
  if (quote !== '"' && quote !== "'") return undefined;
  return body.includes('\n') ? undefined : unescaped(body);
}

/** Bytes of `\xNN` and octal escapes are gathered, because several may make one character. */
function unescaped(body: string): string | undefined {
  const escape = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\'"]))/y;
  let text = '';
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    text += new TextDecoder().decode(Uint8Array.from(bytes));
    bytes = [];
  };
  for (let at = 0; at < body.length;) {
    if (body[at] !== '\\') {
      flush();
      text += body[at];
      at += 1;
      continue;
    }
    escape.lastIndex = at;
    const match = escape.exec(body);
    if (match === null) return undefined;
    const [whole, hex, short, long, octal, simple] = match;
    at += whole.length;
    const byte = hex === undefined ? (octal === undefined ? undefined : parseInt(octal, 8)) : parseInt(hex, 16);
    if (byte !== undefined) {
      if (byte > 0xff) return undefined;
      bytes.push(byte);
      continue;
    }
    flush();
    const rune = parseInt(short ?? long ?? '', 16);
    if (simple === undefined && rune > 0x10ffff) return undefined;
    text += simple === undefined ? String.fromCodePoint(rune) : (SIMPLE[simple] ?? '');
  }
  flush();
  return text;
}
