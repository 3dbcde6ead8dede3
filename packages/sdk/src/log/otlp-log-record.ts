/** Who sends. */
export interface LogSender {
  readonly service: string;
  readonly instance: string;
  readonly sdkVersion: string;
}

/** OpenTelemetry's severity of pino's levels: number and name. */
const SEVERITIES: Readonly<Record<number, readonly [number: number, text: string]>> = {
  10: [1, 'TRACE'],
  20: [5, 'DEBUG'],
  30: [9, 'INFO'],
  40: [13, 'WARN'],
  50: [17, 'ERROR'],
  60: [21, 'FATAL'],
};

/** An OTLP/HTTP JSON request (ExportLogsServiceRequest) of pino's lines. */
export function encodeLogs(lines: readonly string[], sender: LogSender): string {
  const resource = {
    attributes: [
      attribute('service.name', sender.service),
      attribute('service.instance.id', sender.instance),
      attribute('telemetry.sdk.name', 'belay'),
      attribute('telemetry.sdk.language', 'nodejs'),
      attribute('telemetry.sdk.version', sender.sdkVersion),
    ],
  };
  const scope = { name: '@belay/node/log', version: sender.sdkVersion };
  return JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords: lines.map(recordOf) }] }] });
}

function recordOf(line: string): object {
  const { level, time, msg, trace_id: traceId, span_id: spanId, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const [severityNumber, severityText] = SEVERITIES[Number(level)] ?? [9, 'INFO'];
  const at = typeof time === 'number' ? time : Date.parse(String(time));
  return {
    timeUnixNano: `${Math.round(Number.isFinite(at) ? at : 0)}000000`,
    severityNumber,
    severityText,
    body: { stringValue: typeof msg === 'string' ? msg : '' },
    ...(isHex(traceId, 32) ? { traceId } : {}),
    ...(isHex(spanId, 16) ? { spanId } : {}),
    attributes: Object.entries(rest).flatMap(([key, value]) => attributesOf(key, value)),
  };
}

/** An error as pino writes it gets OpenTelemetry's names, so that Belay groups it. */
function attributesOf(key: string, value: unknown): object[] {
  if (key !== 'err' || typeof value !== 'object' || value === null) return [attribute(key, value)];
  const { type, message, stack, ...rest } = value as Record<string, unknown>;
  return [
    ...(type === undefined ? [] : [attribute('exception.type', type)]),
    ...(message === undefined ? [] : [attribute('exception.message', message)]),
    ...(stack === undefined ? [] : [attribute('exception.stacktrace', stack)]),
    ...Object.entries(rest).map(([name, more]) => attribute(`err.${name}`, more)),
  ];
}

function attribute(key: string, value: unknown): object {
  if (typeof value === 'string') return { key, value: { stringValue: value } };
  if (typeof value === 'boolean') return { key, value: { boolValue: value } };
  if (typeof value === 'number' && Number.isFinite(value)) {
    return Number.isSafeInteger(value)
      ? { key, value: { intValue: String(value) } }
      : { key, value: { doubleValue: value } };
  }
  return { key, value: { stringValue: JSON.stringify(value) ?? String(value) } };
}

function isHex(value: unknown, length: number): value is string {
  return typeof value === 'string' && value.length === length && /^[0-9a-f]+$/i.test(value);
}
