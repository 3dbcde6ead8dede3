/** Lines in order of time, bounded by their length. */
export interface WaitingLines {
  /** Adds a line; returns how many of the oldest had to go for it. */
  add(line: string): number;
  /** Takes at most `count` of the oldest. */
  take(count: number): readonly string[];
  length(): number;
}

/** Most characters that wait. */
const MOST_CHARACTERS = 8 * 1024 * 1024;

/** No lines yet. */
export function createWaitingLines(): WaitingLines {
  const lines: string[] = [];
  let characters = 0;
  return {
    add(line) {
      lines.push(line);
      characters += line.length;
      let gone = 0;
      while (characters > MOST_CHARACTERS) {
        characters -= lines[gone]?.length ?? 0;
        gone += 1;
      }
      if (gone > 0) lines.splice(0, gone);
      return gone;
    },
    take(count) {
      const taken = lines.splice(0, count);
      for (const line of taken) characters -= line.length;
      return taken;
    },
    length: () => lines.length,
  };
}
