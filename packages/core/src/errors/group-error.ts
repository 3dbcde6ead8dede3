import { functionName, isMinified, moduleName } from './frame-name.ts';
import { isInApp } from './in-app.ts';
import { keyHash } from './key-hash.ts';
import { parameterise } from './parameterise.ts';
import type { ErrorEvent, ErrorException, ErrorFrame } from './types.ts';

/** What makes events one issue. */
export interface Grouping {
  /** 16 hexadecimal digits. */
  readonly key: string;
  /** The key that the same event has without its source maps; equal to `key` when no map was applied. */
  readonly unmappedKey: string;
  /** Keys that earlier versions of the rules give, newest first, so that their issues live on. */
  readonly olderKeys: readonly string[];
  /** What the key was made of. */
  readonly by: 'fingerprint' | 'stack' | 'stack-and-message' | 'message';
}

/** Grows when the rules change; {@link groupError} then also gives the keys of the version before. */
export const groupingVersion = 1;

const CHAIN = 6;
const FRAMES = 40;
/** Errors of endless recursion: where in the circle the stack ran out is chance. */
const RECURSION = /^(?:RangeError|RecursionError|StackOverflowError|SystemStackError)$/u;

/**
 * The key by which an event belongs to an issue: the client's fingerprint, else exception types and the app's own frames
 * (module and function, no line numbers), else type and message without its parameters.
 */
export function groupError(event: ErrorEvent): Grouping {
  const mapped = describe(event);
  const hasMap = event.exceptions.some(({ frames }) => frames.some(({ minified }) => minified !== undefined));
  const unmapped = hasMap ? describe(withoutMaps(event)) : mapped;
  return { key: mapped.key, unmappedKey: unmapped.key, olderKeys: [], by: mapped.by };
}

function describe(event: ErrorEvent): Pick<Grouping, 'key' | 'by'> {
  const own = defaultParts(event);
  const fingerprint = event.fingerprint.filter((part) => part !== '');
  if (fingerprint.length === 0 || (fingerprint.length === 1 && isDefault(fingerprint[0] ?? ''))) {
    return { key: hashOf(event, own.parts), by: own.by };
  }
  const parts = fingerprint.flatMap((part) => (isDefault(part) ? own.parts : [expand(part, event)]));
  return { key: hashOf(event, ['fingerprint', ...parts]), by: 'fingerprint' };
}

function hashOf(event: ErrorEvent, parts: readonly string[]): string {
  return keyHash([`v${groupingVersion}`, event.service, ...parts].join('\u0000'));
}

function isDefault(part: string): boolean {
  return /^\{\{\s*default\s*\}\}$/u.test(part);
}

/** Placeholders that Sentry documents for fingerprints. */
function expand(part: string, event: ErrorEvent): string {
  const [thrown] = event.exceptions;
  const crash = thrown === undefined ? undefined : ownFrames(thrown, event.platform)[0];
  const known: Readonly<Record<string, string>> = {
    type: thrown?.type ?? '',
    'error.type': thrown?.type ?? '',
    value: parameterise(thrown?.value ?? ''),
    'error.value': parameterise(thrown?.value ?? ''),
    message: parameterise(event.message || (thrown?.value ?? '')),
    transaction: event.transaction,
    level: event.level,
    logger: event.logger,
    function: crash === undefined ? '' : functionName(crash, event.platform),
    module: crash === undefined ? '' : moduleName(crash, event.platform),
  };
  return part.replaceAll(/\{\{\s*([\w.]+)\s*\}\}/gu, (whole, name: string) => known[name] ?? whole);
}

function defaultParts(event: ErrorEvent): { parts: string[]; by: Grouping['by'] } {
  const chain = event.exceptions.slice(0, CHAIN);
  const [thrown] = chain;
  if (thrown === undefined) return { parts: ['message', messageOf(event)], by: 'message' };
  const hasFrames = chain.some(({ frames }) => frames.length > 0);
  if (!hasFrames) {
    const types = chain.map(({ type }) => type);
    return { parts: ['type', ...types, parameterise(thrown.value || event.message)], by: 'message' };
  }
  const parts = ['stack', ...chainParts(chain, event)];
  // Names in minified code mean nothing, and an SDK's own exception says nothing but its message.
  const isVague = thrown.synthetic === true || usedFrames(thrown, event.platform).every(isVagueIn(event.platform));
  if (!isVague) return { parts, by: 'stack' };
  return { parts: [...parts, parameterise(event.template || thrown.value || event.message)], by: 'stack-and-message' };
}

function isVagueIn(platform: string): (frame: ErrorFrame) => boolean {
  return (frame) => isMinified(frame, platform) || functionName(frame, platform) === '';
}

function chainParts(chain: readonly ErrorException[], event: ErrorEvent): string[] {
  const [thrown, ...rest] = chain.map((exception) => exceptionPart(exception, event.platform));
  if (thrown === undefined) return [];
  // Of those that failed together, order and number are chance.
  const others = chain[0]?.isGroup === true ? [...new Set(rest)].toSorted() : rest;
  return [thrown, ...others];
}

function exceptionPart(exception: ErrorException, platform: string): string {
  const frames = usedFrames(exception, platform).map((frame) => frameText(frame, platform));
  // The first time each is met: recursion to any depth is the same bug.
  const unique = [...new Set(frames)].slice(0, FRAMES);
  if (RECURSION.test(exception.type)) unique.sort();
  const type = exception.synthetic === true ? (unique[0] ?? '') : exception.type;
  return [type, ...unique].join('\u0001');
}

function frameText(frame: ErrorFrame, platform: string): string {
  // A letter of minified code names another function at the next build.
  const name = isMinified(frame, platform) ? '' : functionName(frame, platform);
  return `${moduleName(frame, platform)}|${name}`;
}

/** The app's frames; all of them when none is the app's. */
function usedFrames(exception: ErrorException, platform: string): readonly ErrorFrame[] {
  const own = ownFrames(exception, platform);
  return own.length > 0 ? own : exception.frames.slice(0, FRAMES);
}

function ownFrames(exception: ErrorException, platform: string): readonly ErrorFrame[] {
  return exception.frames.filter((frame) => isInApp(frame, platform));
}

function messageOf(event: ErrorEvent): string {
  return [event.logger, event.template === '' ? parameterise(event.message) : parameterise(event.template)].join('|');
}

function withoutMaps(event: ErrorEvent): ErrorEvent {
  const exceptions = event.exceptions.map((exception) => ({
    ...exception,
    frames: exception.frames.map((frame) => (frame.minified === undefined ? frame : original(frame))),
  }));
  return { ...event, exceptions };
}

function original({ minified }: ErrorFrame): ErrorFrame {
  return { ...minified };
}
