import { parseLogfmt } from './parse-logfmt.ts';

/** One record of a log file. */
export interface ParsedRecord {
  /** Unix ms told by the line itself; undefined where it tells none. */
  readonly timeMs: number | undefined;
  /** OpenTelemetry's SeverityNumber; 0 where the line tells none. */
  readonly severity: number;
  readonly severityText: string;
  readonly body: string;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly attributes: ReadonlyMap<string, string | number | boolean>;
}

const SEVERITIES: Readonly<Record<string, number>> = {
  trace: 1,
  verbose: 1,
  silly: 1,
  debug: 5,
  dbg: 5,
  info: 9,
  information: 9,
  notice: 10,
  warn: 13,
  warning: 13,
  error: 17,
  err: 17,
  severe: 17,
  critical: 21,
  crit: 21,
  fatal: 21,
  alert: 21,
  panic: 21,
  emerg: 24,
};

/** pino and bunyan count in tens. */
const LEVEL_NUMBERS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/** Reads a line as JSON (pino, bunyan, winston, zap ...), else as logfmt, else as text with a time and a level. */
export function parseLine(line: string): ParsedRecord {
  const trimmed = line.trim();
  if (trimmed.startsWith('{') && trimmed.endsWith('}')) {
    const fields = parseJson(trimmed);
    if (fields !== undefined) return recordOf(fields, line);
  }
  const pairs = parseLogfmt(trimmed);
  if (pairs !== undefined) return recordOf(pairs, line);
  return textRecord(line);
}

function parseJson(text: string): Map<string, unknown> | undefined {
  try {
    return new Map(Object.entries(JSON.parse(text) as object));
  } catch {
    // Text in braces that is no JSON is text.
    return undefined;
  }
}

const TIMES = ['time', 'timestamp', '@timestamp', 'ts', 't', 'date'];
const LEVELS = ['level', 'severity', 'lvl', 'loglevel', 'log.level'];
const BODIES = ['msg', 'message', 'event', 'body'];
const TRACES = ['trace_id', 'traceId', 'traceid', 'trace.id'];
const SPANS = ['span_id', 'spanId', 'spanid', 'span.id'];

function recordOf(fields: Map<string, unknown>, line: string): ParsedRecord {
  const take = (names: readonly string[], fits: (value: unknown) => boolean): unknown => {
    const name = names.find((candidate) => fields.has(candidate) && fits(fields.get(candidate)));
    const value = name === undefined ? undefined : fields.get(name);
    if (name !== undefined) fields.delete(name);
    return value;
  };
  const timeMs = timeOf(take(TIMES, (value) => timeOf(value) !== undefined));
  const level = levelOf(take(LEVELS, (value) => levelOf(value) !== ''));
  const body = take(BODIES, (value) => typeof value === 'string');
  const traceId = take(TRACES, (value) => isHex(value, 32));
  const spanId = take(SPANS, (value) => isHex(value, 16));
  return {
    timeMs,
    severity: SEVERITIES[level.toLowerCase()] ?? 0,
    severityText: level.toUpperCase(),
    body: typeof body === 'string' ? body : line,
    traceId: typeof traceId === 'string' ? traceId : undefined,
    spanId: typeof spanId === 'string' ? spanId : undefined,
    attributes: flatten(fields),
  };
}

/** The year 2262, beyond which nanoseconds do not fit OTLP's type. */
const LATEST_NS = 9.2e18;

/** ISO texts, and numbers in seconds, ms, us or ns: the size tells which, for any time since 1980. */
function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number' || (typeof value === 'string' && /^\d{9,19}(\.\d+)?$/.test(value))) {
    const number = Number(value);
    if (number < 3e8 || number > LATEST_NS) return undefined;
    if (number < 1e11) return number * 1000;
    if (number < 1e14) return number;
    return number < 1e17 ? number / 1e3 : number / 1e6;
  }
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}/.test(value)) return undefined;
  const time = Date.parse(value.replace(/^(\d{4}-\d{2}-\d{2}) /, '$1T').replace(/,(\d{3})/, '.$1'));
  return Number.isNaN(time) ? undefined : time;
}

function levelOf(value: unknown): string {
  if (typeof value === 'number') return LEVEL_NUMBERS[value] ?? '';
  return typeof value === 'string' && SEVERITIES[value.toLowerCase()] !== undefined ? value : '';
}

const MOST_ATTRIBUTES = 200;

function flatten(fields: ReadonlyMap<string, unknown>): Map<string, string | number | boolean> {
  const flat = new Map<string, string | number | boolean>();
  for (const [key, value] of fields) {
    if (flat.size >= MOST_ATTRIBUTES) break;
    if (key === 'err' && isRecord(value)) addError(flat, value);
    else addValue(flat, key, value);
  }
  return flat;
}

/** pino's errors get OpenTelemetry's names, so that Belay groups them. */
function addError(flat: Map<string, string | number | boolean>, error: Readonly<Record<string, unknown>>): void {
  const { type, message, stack, ...rest } = error;
  if (typeof type === 'string') flat.set('exception.type', type);
  if (typeof message === 'string') flat.set('exception.message', message);
  if (typeof stack === 'string') flat.set('exception.stacktrace', stack);
  for (const [name, value] of Object.entries(rest)) addValue(flat, `err.${name}`, value);
}

function addValue(flat: Map<string, string | number | boolean>, key: string, value: unknown): void {
  if (typeof value === 'string' || typeof value === 'boolean') flat.set(key, value);
  else if (typeof value === 'number' && Number.isFinite(value)) flat.set(key, value);
  else if (value !== undefined) flat.set(key, JSON.stringify(value));
}

const START =
  /^\[?(?<time>\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?)\]?(?=[\s:,|-]|$)/;
const LEVEL = new RegExp(`(?:^|[\\s\\[(|:<])(?<level>${Object.keys(SEVERITIES).join('|')})(?=[\\s\\])|:>,]|$)`, 'i');
/** A level is looked for only where formats put it; "error" in the middle of a sentence is a word. */
const LEVEL_WITHIN = 80;

function textRecord(line: string): ParsedRecord {
  const time = START.exec(line)?.groups?.['time'];
  const level = LEVEL.exec(line.slice(0, LEVEL_WITHIN))?.groups?.['level'] ?? '';
  // In a sentence without a time only a level in capitals is one.
  const isLevel = level !== '' && (time !== undefined || level === level.toUpperCase());
  return {
    timeMs: timeOf(time),
    severity: isLevel ? (SEVERITIES[level.toLowerCase()] ?? 0) : 0,
    severityText: isLevel ? level.toUpperCase() : '',
    body: line,
    traceId: undefined,
    spanId: undefined,
    attributes: new Map(),
  };
}

function isHex(value: unknown, length: number): boolean {
  return typeof value === 'string' && value.length === length && /^[0-9a-f]+$/i.test(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
