import { request } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';

/** What a question in SQL to a server's own engine answers; for what no address of the API tells. */
export async function storedRows(dataDir: string, sql: string): Promise<Record<string, unknown>[]> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socketPath = path.join(dataDir, 'telemetry', 'engine.sock');
  const asking = request({ socketPath, method: 'POST', path: '/?default_format=JSONEachRow' }, (answer) => {
    text(answer).then((body) => (answer.statusCode === 200 ? resolve(body) : reject(new Error(body))), reject);
  });
  asking.on('error', reject);
  asking.end(`${sql} FORMAT JSONEachRow`);
  const lines = (await promise).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
