// A service with the official OpenFeature and OpenTelemetry packages and not a line of Belay. Where its flags come from
// and where its spans go is told by the environment alone; see docs/how-to/otel-only.md.
import http from 'node:http';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { evaluationEventHook } from './evaluation-event-hook.ts';

const FLAG = process.env['FLAG'] ?? 'search.v2';
/** Share of requests that fail on each path: how good the old and how bad the new search is. */
const oldFailures = Number(process.env['OLD_FAILURES'] ?? 0.005);
const newFailures = Number(process.env['NEW_FAILURES'] ?? 0.005);

await OpenFeature.setProviderAndWait(
  new OFREPProvider({
    baseUrl: process.env['OFREP_URL'] ?? 'http://127.0.0.1:4600',
    headers: [['Authorization', `Bearer ${process.env['OFREP_TOKEN'] ?? ''}`]],
  }),
);
OpenFeature.addHooks(evaluationEventHook);
const flags = OpenFeature.getClient();

const server = http.createServer((request, response) => {
  answer(request.headers['x-user']?.toString() ?? 'anonymous').then(
    (found) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found)),
    () => response.writeHead(500).end(),
  );
});
server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () => {
  const address = server.address();
  console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : undefined }));
});
process.once('SIGTERM', () => server.close());

async function answer(user: string): Promise<{ path: 'old' | 'new' }> {
  const isNew = await flags.getBooleanValue(FLAG, false, { targetingKey: user });
  await pause(2 + Math.random() * 5);
  if (Math.random() < (isNew ? newFailures : oldFailures)) throw new RangeError('the index did not answer');
  return { path: isNew ? 'new' : 'old' };
}
