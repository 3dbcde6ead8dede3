import { type ErrorEvent, type ErrorException, keyHash } from '@belay/core/errors';
import { attributeOf } from '../otlp/attribute-value.ts';
import { toHex } from '../otlp/hex.ts';
import type { FlatAttributes, LogRow, ResourceFacts, SpanRow, TelemetryBatch } from '../otlp/telemetry-batch.ts';
import { parseStackText } from './stack-text.ts';

/** Sentry's name of a platform by OpenTelemetry's `telemetry.sdk.language`. */
const PLATFORMS: Readonly<Record<string, string>> = {
  nodejs: 'node',
  webjs: 'javascript',
  dotnet: 'csharp',
  cpp: 'native',
  swift: 'cocoa',
};

interface ExceptionSource {
  readonly resource: ResourceFacts;
  readonly timeNs: bigint;
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly attributes: FlatAttributes;
  /** Attributes around the exception: of its span. */
  readonly surroundings: FlatAttributes;
  readonly transaction: string;
  readonly level: ErrorEvent['level'];
  readonly message: string;
}

/** Whether attributes tell of an exception, by OpenTelemetry's conventions. */
export function hasException(attributes: FlatAttributes): boolean {
  return (
    attributeOf(attributes, 'exception.type') !== undefined ||
    attributeOf(attributes, 'exception.message') !== undefined
  );
}

/** Error events told by the `exception` events of a span. */
export function errorEventsOfSpan(span: SpanRow): ErrorEvent[] {
  return span.events.flatMap((event) => {
    if (event.name !== 'exception' || !hasException(event.attributes)) return [];
    const { resource, traceId, spanId, name, attributes } = span;
    const around = { resource, traceId, spanId, transaction: name, surroundings: attributes };
    return [
      errorEventOf({ ...around, timeNs: event.timeNs, attributes: event.attributes, level: 'error', message: '' }),
    ];
  });
}

/** Error events of severity ERROR and above (or of none) by this number. */
const ERROR_SEVERITY = 17;
const FATAL_SEVERITY = 21;

/** The error event told by a log record with `exception.*` attributes; undefined when it tells none or only warns. */
export function errorEventOfLog(log: LogRow): ErrorEvent | undefined {
  if (!hasException(log.attributes)) return undefined;
  if (log.severity > 0 && log.severity < ERROR_SEVERITY) return undefined;
  const { resource, timeNs, traceId, spanId, attributes, body, severity } = log;
  const level = severity >= FATAL_SEVERITY ? 'fatal' : 'error';
  const around = { transaction: '', surroundings: [], level, message: body } as const;
  return errorEventOf({ resource, timeNs, traceId, spanId, attributes, ...around });
}

function errorEventOf(source: ExceptionSource): ErrorEvent {
  const { resource, attributes, surroundings } = source;
  const traceId = toHex(source.traceId);
  const spanId = toHex(source.spanId);
  const parsed = parseStackText(attributeOf(attributes, 'exception.stacktrace') ?? '');
  const exceptions = exceptionsOf(attributes, parsed.exceptions);
  const language = attributeOf(resource.attributes, 'telemetry.sdk.language') ?? '';
  const [thrown] = exceptions;
  // The same telling has the same id, so that it is one event however often it is sent.
  const telling = [traceId, spanId, source.timeNs, thrown?.type, thrown?.value, source.message].join('|');
  return {
    eventId: keyHash(telling) + keyHash(`${telling}|`),
    timeMs: Number(source.timeNs / 1_000_000n),
    level: source.level,
    platform: PLATFORMS[language] ?? (language || parsed.platform),
    message: source.message,
    template: '',
    logger: '',
    transaction: attributeOf(surroundings, 'http.route') ?? source.transaction,
    release: resource.version,
    environment: resource.environment || 'production',
    dist: '',
    service: resource.service,
    instance: resource.instance,
    sdk: resource.sdkVersion === '' ? resource.sdk : `${resource.sdk}/${resource.sdkVersion}`,
    exceptions,
    breadcrumbs: [],
    tags: {},
    contexts: contextsOf(source),
    flags: flagsOf([...surroundings, ...attributes]),
    user:
      attributeOf(surroundings, 'enduser.id') ??
      attributeOf(surroundings, 'user.id') ??
      attributeOf(attributes, 'user.id') ??
      '',
    fingerprint: [],
    traceId,
    spanId,
    debugImages: [],
  };
}

/** The attributes know type and message better than a text; the text knows frames and causes. */
function exceptionsOf(attributes: FlatAttributes, parsed: readonly ErrorException[]): ErrorException[] {
  const [first, ...causes] = parsed;
  const escaped = attributeOf(attributes, 'exception.escaped');
  const thrown: ErrorException = {
    type: attributeOf(attributes, 'exception.type') || first?.type || 'Error',
    value: attributeOf(attributes, 'exception.message') ?? first?.value ?? '',
    handled: escaped === undefined ? undefined : escaped !== 'true',
    frames: first?.frames ?? [],
  };
  return [thrown, ...causes];
}

function contextsOf({ attributes, surroundings }: ExceptionSource): ErrorEvent['contexts'] {
  const groups = { span: fieldsOf(surroundings), attributes: fieldsOf(attributes) };
  return Object.fromEntries(Object.entries(groups).filter(([, fields]) => Object.keys(fields).length > 0));
}

function fieldsOf(attributes: FlatAttributes): Record<string, string> {
  const fields: [string, string][] = [];
  for (let index = 0; index + 1 < attributes.length && fields.length < 50; index += 2) {
    const [key = '', value = ''] = attributes.slice(index, index + 2);
    if (!key.startsWith('exception.') && key !== '__proto__') fields.push([key, value.slice(0, 2048)]);
  }
  return Object.fromEntries(fields);
}

function flagsOf(attributes: FlatAttributes): Record<string, string> {
  const key = attributeOf(attributes, 'feature_flag.key');
  const variant =
    attributeOf(attributes, 'feature_flag.result.variant') ?? attributeOf(attributes, 'feature_flag.variant');
  return key === undefined || variant === undefined ? {} : { [key]: variant };
}

/** Error events told by the spans and log records of a request. */
export function errorEventsOfBatch({ spans, logs }: Pick<TelemetryBatch, 'spans' | 'logs'>): ErrorEvent[] {
  return [...spans.flatMap(errorEventsOfSpan), ...logs.flatMap((log) => errorEventOfLog(log) ?? [])];
}
