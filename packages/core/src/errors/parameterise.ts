/** What differs between two messages of one bug, most specific first. Order matters: a UUID holds numbers. */
const PARAMETERS: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/giu, '<uuid>'],
  [/\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+\b/gu, '<email>'],
  [/\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>)]+/giu, '<url>'],
  [/\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?/gu, '<date>'],
  [/\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b/gu, '<ip>'],
  [/(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}(?![\w:])/giu, '<ip>'],
  [/\b0x[0-9a-f]+\b/giu, '<hex>'],
  [/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b/giu, '<hex>'],
  // Ids such as cus_4fe2A9b3 or order-8123-x: letters and at least two digits in one word.
  [/\b(?=[\w-]*\d[\w-]*\d)[A-Za-z]+[-_][\w-]{4,}\b/gu, '<id>'],
  [/(?<![\w.])[-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?(?=$|[^\w.]|\.(?!\d)|[a-zA-Zµ%]{1,3}\b)/giu, '<number>'],
];

/**
 * A message with ids, numbers, addresses and times replaced by placeholders; its first line, at most 256 characters.
 * Words stay, so that two different bugs stay apart.
 */
export function parameterise(message: string): string {
  let text = (message.trimStart().split('\n', 1)[0] ?? '').slice(0, 1024).trimEnd();
  for (const [pattern, placeholder] of PARAMETERS) text = text.replace(pattern, placeholder);
  return text.slice(0, 256);
}
