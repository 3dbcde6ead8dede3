/** Longest phrase in words; the engine's text functions take as many. */
export const MOST_WORDS = 64;

/**
 * Words of a text as the text index of log bodies splits it (`splitByNonAlpha`): at every ASCII character that is no
 * letter or digit. Lower case for ASCII alone, as the engine's `lower` does; other letters stay as they are.
 */
export function bodyTokens(text: string): readonly string[] {
  return lowerAscii(text)
    .split(/[\0-/:-@[-`{-\u007F]+/)
    .filter((token) => token !== '');
}

/** Lower case for the letters A to Z alone. */
export function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
