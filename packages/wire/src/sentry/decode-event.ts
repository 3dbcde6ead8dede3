import type { DebugImage, ErrorBreadcrumb, ErrorEvent, ErrorLevel } from '@belay/core/errors';
import type { JsonObject } from '../otlp/json-value.ts';
import { exceptionsIn } from './exceptions.ts';
import type { SentryLimits } from './sentry-limits.ts';
import { entriesIn, fieldsIn, hexIn, listIn, objectIn, optionalText, textIn, timeIn } from './sentry-value.ts';

/** What surrounds an event: who sent it, and when it arrived. */
export interface EventSurroundings {
  /** Service of the project, for events that name none. */
  readonly service: string;
  /** Stands for an id or time that the event does not give. */
  readonly eventId: string;
  readonly receivedMs: number;
  /** Added to all times of the event, ms: how far the sender's clock is behind. */
  readonly clockShiftMs: number;
  readonly limits: SentryLimits;
}

const LEVELS: Readonly<Record<string, ErrorLevel>> = {
  fatal: 'fatal',
  critical: 'fatal',
  error: 'error',
  warning: 'warning',
  warn: 'warning',
  info: 'info',
  log: 'info',
  debug: 'debug',
};

/** Reads Sentry's event JSON. Nothing in it is required; what has the wrong type counts as absent. */
export function decodeSentryEvent(event: JsonObject, around: EventSurroundings): ErrorEvent {
  const { limits } = around;
  const contexts = objectIn(event['contexts']);
  const trace = objectIn(contexts['trace']);
  const tags = tagsIn(event['tags'], limits);
  const entry = objectIn(event['logentry'] ?? event['sentry.interfaces.Message']);
  const message = textIn(entry['formatted'] ?? event['message'] ?? entry['message'], limits.textLength);
  return {
    eventId: hexIn(event['event_id'], 32) || around.eventId,
    timeMs: (timeIn(event['timestamp']) ?? around.receivedMs - around.clockShiftMs) + around.clockShiftMs,
    level: LEVELS[textIn(event['level'], 20).toLowerCase()] ?? 'error',
    platform: textIn(event['platform'], 64).toLowerCase() || 'other',
    message: message || textIn(objectIn(event['message'])['formatted'], limits.textLength),
    template: templateOf(entry, message, limits),
    logger: textIn(event['logger'], 256),
    transaction: textIn(event['transaction'], 256),
    release: textIn(event['release'], 250),
    environment: textIn(event['environment'], 64) || 'production',
    dist: textIn(event['dist'], 64),
    service: tags['service.name'] ?? around.service,
    instance: textIn(event['server_name'], 256),
    sdk: sdkOf(event['sdk']),
    exceptions: exceptionsIn(event, limits),
    breadcrumbs: breadcrumbsIn(event['breadcrumbs'], around),
    tags,
    contexts: { ...contextsIn(contexts, limits), ...requestIn(event['request'], limits), ...extraIn(event, limits) },
    flags: flagsIn(contexts['flags'], limits),
    user: userOf(event['user']),
    fingerprint: fingerprintIn(event['fingerprint']),
    traceId: hexIn(trace['trace_id'], 32),
    spanId: hexIn(trace['span_id'], 16),
    debugImages: debugImagesIn(event['debug_meta'], limits),
  };
}

/** `name/version` of an SDK. */
export function sdkOf(value: unknown): string {
  const sdk = objectIn(value);
  const name = textIn(sdk['name'], 128);
  const version = textIn(sdk['version'], 64);
  return version === '' ? name : `${name}/${version}`;
}

function templateOf(entry: JsonObject, message: string, limits: SentryLimits): string {
  const template = textIn(entry['message'], limits.textLength);
  return template === message ? '' : template;
}

function tagsIn(value: unknown, limits: SentryLimits): Record<string, string> {
  const tags = entriesIn(value).slice(0, limits.fields);
  return Object.fromEntries(tags.map(([key, text]) => [key.slice(0, 200), textIn(text, 200)]));
}

function contextsIn(contexts: JsonObject, limits: SentryLimits): Record<string, Record<string, string>> {
  const groups = Object.entries(contexts).filter(([name]) => name !== 'flags' && name !== '__proto__');
  return Object.fromEntries(
    groups.slice(0, 30).map(([name, fields]) => [name.slice(0, 100), fieldsIn(fields, limits)]),
  );
}

function requestIn(value: unknown, limits: SentryLimits): Record<string, Record<string, string>> {
  const { method, url, query_string: query, headers, ...rest } = objectIn(value);
  const own = fieldsIn({ method, url, query, ...Object.fromEntries(entriesIn(headers).slice(0, 40)) }, limits);
  const body = optionalText(rest['data'], 2048);
  if (Object.keys(own).length === 0 && body === undefined) return {};
  return { request: { ...own, ...(body === undefined ? {} : { body }) } };
}

function extraIn(event: JsonObject, limits: SentryLimits): Record<string, Record<string, string>> {
  const extra = fieldsIn(event['extra'], limits);
  return Object.keys(extra).length === 0 ? {} : { extra };
}

/** Sentry tells values of flags, not variants; a variant is text, so a text is one. */
function flagsIn(value: unknown, limits: SentryLimits): Record<string, string> {
  const flags = listIn(value).slice(-limits.fields).map(objectIn);
  return Object.fromEntries(
    flags.flatMap((flag) => {
      const key = textIn(flag['flag'], 128);
      return key === '' ? [] : [[key, textIn(flag['result'], 128)]];
    }),
  );
}

function userOf(value: unknown): string {
  const user = objectIn(value);
  for (const field of ['id', 'email', 'username', 'ip_address']) {
    const text = textIn(user[field], 256);
    if (text !== '' && text !== '{{auto}}') return text;
  }
  return '';
}

function fingerprintIn(value: unknown): string[] {
  const parts = typeof value === 'string' ? [value] : listIn(value);
  return parts.slice(0, 20).map((part) => textIn(part, 512));
}

function breadcrumbsIn(value: unknown, { limits, clockShiftMs }: EventSurroundings): ErrorBreadcrumb[] {
  return listIn(value)
    .slice(-limits.breadcrumbs)
    .map(objectIn)
    .map((crumb) => {
      const at = timeIn(crumb['timestamp']);
      return {
        at: at === undefined ? undefined : at + clockShiftMs,
        category: textIn(crumb['category'], 128),
        type: textIn(crumb['type'], 64) || 'default',
        level: textIn(crumb['level'], 20) || 'info',
        message: textIn(crumb['message'], 2048),
        data: fieldsIn(crumb['data'], { ...limits, fields: 30, textLength: 1024, depth: 3 }),
      };
    });
}

function debugImagesIn(value: unknown, limits: SentryLimits): DebugImage[] {
  const images = listIn(objectIn(value)['images']).slice(0, limits.fields).map(objectIn);
  return images.flatMap((image) => {
    const debugId = textIn(image['debug_id'], 64).toLowerCase();
    const file = textIn(image['code_file'], 1024);
    return image['type'] === 'sourcemap' && debugId !== '' && file !== '' ? [{ file, debugId }] : [];
  });
}
