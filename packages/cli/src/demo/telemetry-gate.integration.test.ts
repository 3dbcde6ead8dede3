import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { openTelemetryGate } from './telemetry-gate.ts';

test('the gate passes everything on, and after the cut everything but telemetry', async () => {
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => response.end(`${request.method} ${request.url} ${request.headers.authorization} ${body}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gate = await openTelemetryGate(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const post = (path: string) =>
    fetch(`${gate.url}${path}`, { method: 'POST', headers: { authorization: 'Bearer t' }, body: 'x' });

  expect(await (await post('/v1/metrics')).text()).toBe('POST /v1/metrics Bearer t x');
  gate.cut();
  await expect(post('/v1/metrics')).rejects.toThrow();
  expect(await (await post('/api/v1/applied')).text()).toBe('POST /api/v1/applied Bearer t x');
  await gate.close();
  server.closeAllConnections();
  server.close();
});
