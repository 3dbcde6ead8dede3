import type { ErrorException, ErrorFrame } from '@belay/core/errors';
import { frameReaders, type FrameReader } from './frame-readers.ts';

/** A stack trace that was printed as text, by whatever language. */
export interface ParsedStack {
  /** Platform as Sentry names it; `other` when no frame was recognised. */
  readonly platform: string;
  /** What was thrown first, then its causes. Types and messages are empty where the text does not say. */
  readonly exceptions: readonly ErrorException[];
}

const LINES = 2000;
const LINE_LENGTH = 2000;
const FRAMES = 100;
const CAUSES = 10;

interface Draft {
  type: string;
  value: string;
  readonly frames: ErrorFrame[];
}

/**
 * Reads stack traces of Node and browsers, Python, Java, Go, .NET, Ruby and PHP, with their causes, for grouping and
 * display. Lines that say nothing are skipped; never fails. O(length), at most 2000 lines.
 */
export function parseStackText(text: string): ParsedStack {
  const lines = text
    .slice(0, LINES * 200)
    .split('\n', LINES)
    .map((line) => line.slice(0, LINE_LENGTH).trimEnd());
  const reader = frameReaders.find((candidate) =>
    lines.some((line, index) => candidate.frame(line, lines[index + 1]) !== undefined),
  );
  if (reader === undefined) return { platform: 'other', exceptions: [] };
  const drafts = readDrafts(lines, reader);
  const ordered = reader.isOutermostFirst ? drafts.map(turned).toReversed() : drafts;
  return {
    platform: reader.platform,
    exceptions: ordered
      .slice(0, CAUSES)
      .map(({ type, value, frames }) => ({ type, value, frames: frames.slice(0, FRAMES) })),
  };
}

function turned(draft: Draft): Draft {
  return { ...draft, frames: draft.frames.toReversed() };
}

function readDrafts(lines: readonly string[], reader: FrameReader): Draft[] {
  const drafts: Draft[] = [];
  let current: Draft | undefined;
  const start = (type: string, value: string): Draft => {
    const draft = { type, value, frames: [] };
    drafts.push(draft);
    return draft;
  };
  for (const [index, line] of lines.entries()) {
    const frame = reader.frame(line, lines[index + 1]);
    if (frame !== undefined) {
      current ??= start('', '');
      current.frames.push(frame);
      continue;
    }
    if (reader.isBreak?.(line) === true) {
      current = undefined;
      continue;
    }
    const header = reader.header(line);
    if (header === undefined) continue;
    // Python names the exception after its frames, the others before.
    if (reader.isOutermostFirst && current !== undefined) Object.assign(current, header);
    else current = start(header.type, header.value);
    if (reader.isOutermostFirst) current = undefined;
  }
  return drafts.filter(({ frames, type }) => frames.length > 0 || type !== '');
}
