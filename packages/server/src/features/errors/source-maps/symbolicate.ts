import { isInApp, isJavaScript, type ErrorEvent, type ErrorException, type ErrorFrame } from '@belay/core/errors';
import { originalPositionFor, sourceContentFor, type TraceMap } from '@jridgewell/trace-mapping';

/** Finds the map of a frame's bundle; undefined where there is none. */
export type MapOf = (frame: ErrorFrame) => TraceMap | undefined;

/** Moves frames of bundles to where their source maps say; what no map knows stays. */
export function symbolicate(event: ErrorEvent, mapOf: MapOf): ErrorEvent {
  return { ...event, exceptions: event.exceptions.map((exception) => symbolicateException(exception, mapOf)) };
}

/** Frames that a map could move. */
export function bundleFrames(event: ErrorEvent): ErrorFrame[] {
  if (!isJavaScript(event.platform)) return [];
  return event.exceptions.flatMap(({ frames }) => frames.filter(isBundleFrame));
}

function isBundleFrame(frame: ErrorFrame): boolean {
  return (
    frame.minified === undefined &&
    frame.file !== undefined &&
    frame.line !== undefined &&
    !frame.file.startsWith('node:')
  );
}

function symbolicateException(exception: ErrorException, mapOf: MapOf): ErrorException {
  const { frames } = exception;
  // The name at a call tells what the callee was called before it was minified.
  const moved = frames.map((frame, index) => moveFrame(frame, { map: mapOf(frame), caller: frames[index + 1], mapOf }));
  return { ...exception, frames: moved };
}

interface Moving {
  readonly map: TraceMap | undefined;
  readonly caller: ErrorFrame | undefined;
  readonly mapOf: MapOf;
}

function moveFrame(frame: ErrorFrame, { map, caller, mapOf }: Moving): ErrorFrame {
  if (map === undefined || !isBundleFrame(frame)) return frame;
  const { line = 1, column = 1 } = frame;
  const found = originalPositionFor(map, { line, column: Math.max(0, column - 1) });
  const minified = {
    function: frame.function,
    file: frame.file,
    line: frame.line,
    column: frame.column,
    inApp: frame.inApp,
  };
  // What stands in the bundle and in no source, the bundler has written.
  if (found.source === null || found.line === null) return { ...frame, inApp: false, minified };
  const content = sourceContentFor(map, found.source);
  const lines = content?.split('\n');
  const file = found.source.replace(/^webpack:\/\/[^/]*\//u, '').replace(/^(?:\.\.?\/)+/u, '');
  const moved: ErrorFrame = {
    function: nameOf(frame, { caller, mapOf }) ?? enclosingFunction(lines, found.line) ?? lasting(frame.function),
    file,
    line: found.line,
    column: found.column + 1,
    inApp: frame.inApp,
    context: lines === undefined ? undefined : contextAt(lines, found.line),
    minified,
  };
  // SDKs call everything in a bundle the app's own; the source's path knows better.
  return { ...moved, inApp: isInApp({ ...moved, inApp: undefined }, 'javascript') };
}

/** The name that stands in the source where the caller calls; undefined when the call was not renamed. */
function nameOf(frame: ErrorFrame, { caller, mapOf }: Pick<Moving, 'caller' | 'mapOf'>): string | undefined {
  if (caller?.line === undefined || caller.file !== frame.file || frame.function === undefined) return undefined;
  const map = mapOf(caller);
  if (map === undefined) return undefined;
  const at = originalPositionFor(map, { line: caller.line, column: Math.max(0, (caller.column ?? 1) - 1) });
  return at.name !== null && /^[\w$]+$/u.test(at.name) && isShort(frame.function) ? at.name : undefined;
}

function isShort(name: string): boolean {
  return name.replace(/^.*\./u, '').length <= 3;
}

/** A short name is the minifier's; a longer one was kept. */
function lasting(name: string | undefined): string | undefined {
  return name === undefined || isShort(name.replace(/^(?:async|new) /u, '')) ? undefined : name;
}

const DECLARATIONS = [
  /(?:^|\s)(?:async\s+)?function\s*\*?\s*([\w$]+)\s*[<(]/u,
  /(?:const|let|var)\s+([\w$]+)\s*(?::[^=]+)?=\s*(?:async\s*)?(?:function\b|\(|[\w$]+\s*=>)/u,
  /^\s*(?:(?:public|private|protected|static|override|async|get|set)\s+)*\*?#?([\w$]+)\s*(?:<[^>]*>)?\([^;]*\)\s*(?::\s*[^{;]+)?\{\s*$/u,
  /^\s*([\w$]+)\s*[:=]\s*(?:async\s*)?(?:function\b|\([^)]*\)\s*(?::[^=]+)?=>|[\w$]+\s*=>)/u,
];
const KEYWORDS: ReadonlySet<string> = new Set(
  'if for while switch catch function return with constructor else do'.split(' '),
);
const LINES_UP = 400;

/**
 * The function around a line of source: going up, each line that is indented less than all below may declare it. Source
 * is formatted by tools nearly everywhere; where it is not, no name is better than a wrong one.
 */
function enclosingFunction(lines: readonly string[] | undefined, line: number): string | undefined {
  if (lines === undefined) return undefined;
  let indent = Number.POSITIVE_INFINITY;
  for (let index = line - 1; index >= Math.max(0, line - 1 - LINES_UP); index -= 1) {
    const text = (lines[index] ?? '').slice(0, 300);
    if (text.trim() === '' || /^\s*[)\]}]/u.test(text)) continue;
    const own = /^\s*/u.exec(text)?.[0].length ?? 0;
    if (own >= indent) continue;
    indent = own;
    const name = DECLARATIONS.map((pattern) => pattern.exec(text)?.[1]).find(
      (found) => found !== undefined && !KEYWORDS.has(found),
    );
    if (name !== undefined) return name;
    if (own === 0 && index < line - 1) return undefined;
  }
  return undefined;
}

const AROUND = 5;

function contextAt(lines: readonly string[], line: number): ErrorFrame['context'] {
  const first = Math.max(1, line - AROUND);
  return { first, lines: lines.slice(first - 1, line + AROUND).map((text) => text.slice(0, 300)) };
}
