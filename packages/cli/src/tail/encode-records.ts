import path from 'node:path';
import { parseLine } from './parse-line.ts';

/** Who the records of a file are from. */
export interface FileSender {
  readonly service: string;
  readonly instance: string;
  readonly file: string;
  /** Unix ms for records that tell no time. */
  readonly at: number;
}

/** An OTLP/HTTP JSON request of the records. The same records and sender give the same bytes. */
export function encodeRecords(texts: readonly string[], sender: FileSender): Buffer {
  const observed = nanoseconds(sender.at);
  const logRecords = texts.map((text) => {
    const { timeMs, severity, severityText, body, traceId, spanId, attributes } = parseLine(text);
    return {
      timeUnixNano: timeMs === undefined ? observed : nanoseconds(timeMs),
      observedTimeUnixNano: observed,
      severityNumber: severity,
      severityText,
      body: { stringValue: body },
      ...(traceId === undefined ? {} : { traceId }),
      ...(spanId === undefined ? {} : { spanId }),
      attributes: [...attributes].map(([key, value]) => ({ key, value: valueOf(value) })),
    };
  });
  const resource = {
    attributes: Object.entries({
      'service.name': sender.service,
      'service.instance.id': sender.instance,
      'log.file.name': path.basename(sender.file),
      'log.file.path': sender.file,
    }).map(([key, value]) => ({ key, value: valueOf(value) })),
  };
  return Buffer.from(
    JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'belay logs tail' }, logRecords }] }] }),
  );
}

function valueOf(value: string | number | boolean): object {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'string') return { stringValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

function nanoseconds(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n);
}
