import type { ErrorException, ErrorFrame } from '@belay/core/errors';
import type { JsonObject } from '../otlp/json-value.ts';
import type { SentryLimits } from './sentry-limits.ts';
import { listIn, objectIn, optionalText, positiveIn, textIn } from './sentry-value.ts';

/** What was thrown first, then its causes: SDKs send causes first, and newer ones number parents. */
export function exceptionsIn(event: JsonObject, limits: SentryLimits): ErrorException[] {
  const values = listIn(event['exception']).map(objectIn);
  const single = objectIn(event['exception']);
  const list = values.length === 0 && typeof single['type'] === 'string' ? [single] : values;
  const ordered = thrownFirst(list).slice(0, limits.exceptions);
  if (ordered.length > 0) return ordered.map((value) => exceptionIn(value, limits));
  return threadsIn(event, limits);
}

/** Message events may carry the stack of the current thread alone. */
function threadsIn(event: JsonObject, limits: SentryLimits): ErrorException[] {
  const threads = listIn(event['threads']).map(objectIn);
  const crashed =
    threads.find((thread) => thread['crashed'] === true) ?? threads.find((thread) => thread['current'] === true);
  const stack = objectIn(crashed ?? threads[0])['stacktrace'] ?? event['stacktrace'];
  const frames = framesIn(stack, limits);
  if (frames.length === 0) return [];
  return [{ type: 'Error', value: '', synthetic: true, frames }];
}

function thrownFirst(values: readonly JsonObject[]): JsonObject[] {
  const ids = values.map((value) => objectIn(value['mechanism'])['exception_id']);
  // Numbered exceptions form a tree with what was thrown as number 0; numbers grow towards the causes.
  if (ids.every((id) => typeof id === 'number') && new Set(ids).size === ids.length) {
    return values.toSorted((a, b) => idOf(a) - idOf(b));
  }
  return values.toReversed();
}

function idOf(value: JsonObject): number {
  const id = objectIn(value['mechanism'])['exception_id'];
  return typeof id === 'number' ? id : 0;
}

function exceptionIn(value: JsonObject, limits: SentryLimits): ErrorException {
  const mechanism = objectIn(value['mechanism']);
  const handled = mechanism['handled'];
  return {
    type: textIn(value['type'], 256) || 'Error',
    value: textIn(value['value'], limits.textLength),
    module: optionalText(value['module'], 512),
    mechanism: optionalText(mechanism['type'], 128),
    handled: typeof handled === 'boolean' ? handled : undefined,
    synthetic: mechanism['synthetic'] === true ? true : undefined,
    isGroup: mechanism['is_exception_group'] === true ? true : undefined,
    frames: framesIn(value['stacktrace'] ?? value['raw_stacktrace'], limits),
  };
}

/** Frames, innermost first; of a very long stack the innermost three quarters and the outermost quarter. */
function framesIn(stacktrace: unknown, limits: SentryLimits): ErrorFrame[] {
  const frames = listIn(objectIn(stacktrace)['frames']);
  const inner = Math.ceil(limits.frames * 0.75);
  const kept =
    frames.length <= limits.frames ? frames : [...frames.slice(0, limits.frames - inner), ...frames.slice(-inner)];
  return kept.map((value) => frameIn(objectIn(value), limits)).toReversed();
}

function frameIn(value: JsonObject, limits: SentryLimits): ErrorFrame {
  const line = positiveIn(value['lineno']);
  const file = optionalText(value['abs_path'], 1024) ?? optionalText(value['filename'], 1024);
  return {
    function: nameIn(value['function']),
    module: optionalText(value['module'], 512),
    file,
    line,
    column: positiveIn(value['colno']),
    inApp: typeof value['in_app'] === 'boolean' ? value['in_app'] : undefined,
    context: contextIn(value, line, limits),
  };
}

const CONTEXT_LINES = 7;
const CONTEXT_TEXT = 300;

function contextIn(value: JsonObject, line: number | undefined, limits: SentryLimits): ErrorFrame['context'] {
  if (typeof value['context_line'] !== 'string' || line === undefined || limits.frames === 0) return undefined;
  const before = listIn(value['pre_context']).slice(-CONTEXT_LINES);
  const after = listIn(value['post_context']).slice(0, CONTEXT_LINES);
  const lines = [...before, value['context_line'], ...after].map((text) => textIn(text, CONTEXT_TEXT));
  return { first: Math.max(1, line - before.length), lines };
}

/** SDKs write `?` and `<anonymous>` where a function has no name. */
function nameIn(value: unknown): string | undefined {
  const name = optionalText(value, 512);
  return name === '?' || name === '<anonymous>' ? undefined : name;
}
