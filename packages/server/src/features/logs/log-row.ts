import type { LevelCounts, LogLevel, LogLine } from '@belay/protocol';
import { LINE_KEY, lineId } from './log-place.ts';

/** Characters of a body that lists carry. */
export const LISTED_CHARACTERS = 8192;

const LEVEL_NAMES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** Columns of a line as {@link LogRow}; 64-bit numbers and ids come as text. */
export const LINE_COLUMNS = `toString(toUnixTimestamp64Nano(ts)) AS at_ns, lower(hex(${LINE_KEY})) AS line_key, service,
  instance, version, environment, severity, severity_text, scope, event_name, body, attributes,
  lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span, flag_key, variant, leftPad(lower(hex(pattern)), 16, '0') AS pattern_id`;

export interface LogRow {
  readonly at_ns: string;
  readonly line_key: string;
  readonly service: string;
  readonly instance: string;
  readonly version: string;
  readonly environment: string;
  readonly severity: number;
  readonly severity_text: string;
  readonly scope: string;
  readonly event_name: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly trace: string;
  readonly span: string;
  readonly flag_key: string;
  readonly variant: string;
  readonly pattern_id: string;
}

/** A row as the API tells it, its body cut after `characters`. */
export function lineOf(row: LogRow, characters: number = LISTED_CHARACTERS): LogLine {
  const atNs = BigInt(row.at_ns);
  return {
    id: lineId({ atNs, key: BigInt(`0x${row.line_key}`) }),
    at: Number(atNs / 1_000_000n),
    atNs: row.at_ns,
    service: row.service,
    instance: row.instance,
    version: row.version,
    environment: row.environment,
    severity: row.severity,
    level: levelOf(row.severity),
    severityText: row.severity_text,
    scope: row.scope,
    eventName: row.event_name,
    body: row.body.slice(0, characters),
    bodyRest: Math.max(0, row.body.length - characters),
    attributes: row.attributes,
    traceId: idOf(row.trace),
    spanId: idOf(row.span),
    flagKey: row.flag_key,
    variant: row.variant,
    pattern: row.pattern_id,
  };
}

/** Number of the level of a row: 0 for none, 1 trace ... 6 fatal. */
export const LEVEL_INDEX = 'intDiv(severity + 3, 4)';

export function levelOf(severity: number): LogLevel | null {
  return LEVEL_NAMES[Math.floor((severity + 3) / 4) - 1] ?? null;
}

export function noLevels(): LevelCounts {
  return { unknown: 0, trace: 0, debug: 0, info: 0, warn: 0, error: 0, fatal: 0 };
}

export function addToLevel(counts: LevelCounts, index: number, count: number): void {
  counts[LEVEL_NAMES[index - 1] ?? 'unknown'] += count;
}

function idOf(hex: string): string | null {
  return /^0*$/.test(hex) ? null : hex;
}
