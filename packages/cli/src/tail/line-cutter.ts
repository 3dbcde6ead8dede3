/** A line and the place in the file behind its line feed. */
export interface CutLine {
  readonly text: string;
  readonly end: number;
  /** Bytes that were left out because the line was too long. */
  readonly cutBytes: number;
}

/** Cuts bytes into lines with bounded memory. */
export interface LineCutter {
  /** Takes the bytes that follow; returns the lines that are now complete. */
  add(chunk: Uint8Array): readonly CutLine[];
  /** Takes the bytes without a line feed at the end as a line. */
  rest(): CutLine | undefined;
}

/** Longest line that is kept; Belay keeps no more of a text anyway. */
export const LONGEST_LINE_BYTES = 64 * 1024;

const LINE_FEED = 10;

/** A cutter at a place in a file. Text is read as UTF-8; bytes that are none become replacement characters. */
export function createLineCutter(start: number): LineCutter {
  let kept: Uint8Array[] = [];
  let keptBytes = 0;
  let cutBytes = 0;
  let at = start;
  const keep = (bytes: Uint8Array): void => {
    const room = LONGEST_LINE_BYTES - keptBytes;
    if (room > 0) kept.push(bytes.slice(0, room));
    keptBytes += Math.min(Math.max(room, 0), bytes.length);
    cutBytes += Math.max(0, bytes.length - Math.max(room, 0));
  };
  const finish = (): CutLine => {
    const line = { text: Buffer.concat(kept).toString('utf8').replace(/\r$/, ''), end: at, cutBytes };
    kept = [];
    keptBytes = 0;
    cutBytes = 0;
    return line;
  };
  return {
    add(chunk) {
      const lines: CutLine[] = [];
      let from = 0;
      for (let feed = chunk.indexOf(LINE_FEED); feed >= 0; feed = chunk.indexOf(LINE_FEED, from)) {
        keep(chunk.subarray(from, feed));
        at += feed + 1 - from;
        from = feed + 1;
        lines.push(finish());
      }
      keep(chunk.subarray(from));
      at += chunk.length - from;
      return lines;
    },
    rest: () => (keptBytes === 0 ? undefined : finish()),
  };
}
