import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type RunningServer, startServer } from '../../main.ts';

/** A line to send; the rest has defaults. */
export interface SentLine {
  readonly body: string;
  /** Unix ms. */
  readonly at: number;
  readonly service?: string;
  readonly instance?: string;
  /** OTLP severity number; 9 (info) when left out. */
  readonly severity?: number;
  readonly attributes?: Readonly<Record<string, string | number>>;
  readonly resource?: Readonly<Record<string, string>>;
  readonly traceId?: string;
}

export interface LogsTestbed {
  readonly server: RunningServer;
  readonly token: string;
  /** Sends lines as OTLP/JSON, one request; resolves when they are stored. */
  send(lines: readonly SentLine[]): Promise<void>;
  post(signal: 'logs' | 'traces', body: object): Promise<void>;
  close(): Promise<void>;
}

/** A whole server with a real engine, to be asked over HTTP; every answer is checked against its schema. */
export async function openLogsTestbed(): Promise<LogsTestbed> {
  const cwd = mkdtempSync(path.join(tmpdir(), 'belay-explore-'));
  const server = await startServer({ cwd, environment: {}, port: 0, logLevel: 'error', validatesResponses: true });
  const token = readFileSync(path.join(cwd, '.belay', 'cli-token'), 'utf8').trim();
  const post = async (signal: 'logs' | 'traces', body: object): Promise<void> => {
    const answer = await fetch(`${server.url}/v1/${signal}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new TypeError(`answered ${answer.status}: ${await answer.text()}`);
  };
  return {
    server,
    token,
    post,
    send: (lines) => post('logs', { resourceLogs: lines.map(resourceLogs) }),
    async close() {
      await server.close();
      rmSync(cwd, { recursive: true, force: true });
    },
  };
}

function resourceLogs(line: SentLine) {
  const { body, at, service = 'api', instance = 'i-1', severity = 9, attributes = {}, resource = {}, traceId } = line;
  return {
    resource: { attributes: pairs({ 'service.name': service, 'service.instance.id': instance, ...resource }) },
    scopeLogs: [
      {
        logRecords: [
          {
            timeUnixNano: `${BigInt(at) * 1_000_000n}`,
            severityNumber: severity,
            body: { stringValue: body },
            attributes: pairs(attributes),
            ...(traceId === undefined ? {} : { traceId, spanId: '00f067aa0ba902b7' }),
          },
        ],
      },
    ],
  };
}

/** OTLP/JSON attributes. */
export function pairs(attributes: Readonly<Record<string, string | number>>) {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { doubleValue: value },
  }));
}
