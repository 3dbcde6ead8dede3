// The whole server as Grafana and Prometheus meet it: tokens, remote write in, PromQL out.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer } from '../../main.ts';
import type { RunningServer } from '../../main.ts';
import { openMetricStore } from './metric-store-testbed.ts';
import { servePrometheusApi } from './prometheus-api-testbed.ts';
import { encodeWriteRequest } from './remote-write-testbed.ts';

const cwd = mkdtempSync(path.join(tmpdir(), 'belay-grafana-'));
let server: RunningServer;
let admin: string;

beforeAll(async () => {
  server = await startServer({ cwd, environment: {}, port: 0, logLevel: 'silent', validatesResponses: true });
  admin = readFileSync(path.join(cwd, '.belay', 'cli-token'), 'utf8').trim();
}, 60_000);

afterAll(async () => {
  await server.close();
  rmSync(cwd, { recursive: true, force: true });
});

async function tokenWith(scope: string): Promise<string> {
  const response = await fetch(`${server.url}/api/v1/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: `test ${scope}`, scopes: [scope] }),
  });
  const { secret } = (await response.json()) as { secret: string };
  return secret;
}

function ask(authorization: string, query = 'up') {
  return fetch(`${server.url}/prometheus/api/v1/query`, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams({ query }),
  });
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

test('what Prometheus writes is answered to a data source with Basic authentication', async () => {
  const [ingest, read] = [await tokenWith('ingest'), await tokenWith('read')];
  const written = await fetch(`${server.url}/api/v1/write`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${ingest}`,
      'content-encoding': 'snappy',
      'content-type': 'application/x-protobuf',
    },
    body: encodeWriteRequest([{ labels: { __name__: 'up', job: 'shop' }, samples: [[Date.now(), 1]] }]),
  });
  expect(written.status, await written.text()).toBe(204);
  for (const authorization of [basic('grafana', read), basic('', read), `Bearer ${read}`]) {
    const answer = await ask(authorization);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      status: 'success',
      data: { result: [{ metric: { __name__: 'up', job: 'shop' }, value: [expect.any(Number), '1'] }] },
    });
  }
});

test.each([
  ['a wrong password', () => basic('grafana', 'blt_nobody'), 401],
  ['no password', () => basic('grafana', ''), 401],
  ['what is not Basic', () => 'Basic ???', 401],
  ['a token that may not read', () => tokenWith('evaluate').then((token) => basic('x', token)), 403],
])('%s is refused in the envelope of Prometheus', async (_what, authorization, status) => {
  const answer = await ask(await authorization());
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ status: 'error', errorType: 'bad_data', error: expect.any(String) });
  if (status === 401) expect(answer.headers.get('www-authenticate')).toContain('Basic');
});

test(
  'while the engine is killed questions fail as unavailable, and are answered again afterwards',
  { timeout: 60_000 },
  async () => {
    const store = await openMetricStore();
    const api = await servePrometheusApi(store);
    await store.writePrometheus([{ labels: { __name__: 'up', job: 'shop' }, samples: [[Date.now(), 1]] }]);
    const asked = async () => {
      const answer = await fetch(`${api.url}/api/v1/query?query=up`);
      return {
        status: answer.status,
        body: (await answer.json()) as { errorType?: string; data?: { result: unknown[] } },
      };
    };
    const answers: Awaited<ReturnType<typeof asked>>[] = [];
    for (let kill = 0; kill < 3; kill += 1) {
      const flying = Array.from({ length: 8 }, asked);
      store.killEngine();
      answers.push(...(await Promise.all(flying)));
      let last = await asked();
      while (last.status !== 200) last = await asked();
      answers.push(last);
    }
    for (const { status, body } of answers) {
      if (status === 200) expect(body.data?.result).toHaveLength(1);
      else expect({ status, type: body.errorType }).toEqual({ status: 503, type: 'unavailable' });
    }
    await api.close();
    await store.close();
  },
);
