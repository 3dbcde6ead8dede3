import { runProbe, validateConfig } from '@belay/server';
import type { ProbeInput } from '@belay/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveProbe } from '../../packages/server/src/features/checks/api.ts';
import {
  type ChatApp,
  type Fault,
  isThere,
  KEY,
  programs,
  type RunningProxy,
  startBufferingHop,
  startChat,
  startProxy,
  TOKEN,
} from './golden-path-proxies.ts';

const environment = { PROBE_KEY: KEY, CHAT_TOKEN: TOKEN };
let app: ChatApp;
beforeAll(async () => {
  app = await startChat();
});
afterAll(() => app.close());

function walk(input: ProbeInput) {
  const { probe, issues } = resolveProbe('chat', input, []);
  expect(issues).toEqual([]);
  return runProbe(probe, { environment, now: () => Date.now() });
}

function proof(port: number, more: object = {}): ProbeInput {
  const direct = `ws://127.0.0.1:${app.port}/chat`;
  return { steps: [{ type: 'ws_proof', url: `ws://127.0.0.1:${port}/chat`, direct, key: 'PROBE_KEY', ...more }] };
}

const causes: readonly (readonly [fault: Fault, cause: string])[] = [
  ['noUpgrade', 'no-upgrade'],
  ['stripped', 'authorization-stripped'],
  ['rewritten', 'authorization-changed'],
  ['redirect', 'redirect-host'],
  ['idleCut', 'idle-cut'],
  ['headerSize', 'header-size'],
  ['wrongRoute', 'wrong-route'],
];

// The proxies come with scripts/set-up.js (Debian's nginx, haproxy, apache2).
describe.each(programs)('$name', (program) => {
  let proxy: RunningProxy;
  beforeAll(async () => {
    if (isThere(program)) proxy = await startProxy(program, app.port);
  }, 20_000);
  afterAll(async () => {
    if (isThere(program)) await proxy.close();
  });

  test.skipIf(!isThere(program))('a proxy that does it right passes, silence and streams included', async () => {
    const result = await walk(proof(proxy.ports.good, { idle: '1500ms', streaming: true }));
    expect(result.sentence).toBe('All 1 steps passed.');
    expect(result.steps[0]?.text).toContain('credentials and 2000 bytes of headers arrive at /chat');
    expect(result.steps[0]?.text).toContain('resumed after a drop');
  });

  test.skipIf(!isThere(program)).each(causes)('%s is found as %s', async (fault, cause) => {
    const idle = fault === 'idleCut' ? { idle: '2500ms' } : {};
    // HAProxy's limit is its buffer of 16 kB, past which Node takes no headers either: only the proxy is asked.
    const bytes =
      fault === 'headerSize' && program.name === 'haproxy' ? { header_bytes: 15_900, direct: undefined } : {};
    const result = await walk(proof(proxy.ports[fault], { ...idle, ...bytes }));
    expect(`${result.cause}: ${result.sentence}`).toMatch(new RegExp(`^${cause}: `));
    expect(result.mend).not.toBeNull();
  });
});

test('a hop that holds streamed answers back is found', async () => {
  const hop = await startBufferingHop(app.port);
  const result = await walk(proof(hop.port, { streaming: true }));
  expect(`${result.cause}: ${result.sentence}`).toMatch(/^buffering: /);
  hop.close();
});

test('a whole chat is walked: login, message in order, clean-up, and secrets stay hidden', async () => {
  const result = await walk({
    variables: { base: `ws://127.0.0.1:${app.port}` },
    secrets: { token: 'CHAT_TOKEN' },
    steps: [
      { type: 'ws_open', url: '{{base}}/chat', headers: { authorization: 'Bearer {{token}}' } },
      { type: 'ws_expect', json: { '$.type': 'welcome' }, extract: { room: '$.room.id' } },
      { type: 'ws_send', json: { text: 'run {{run.id}} in {{room}} with {{token}}' } },
      { type: 'ws_expect', json: { '$.type': 'message', '$.text': 'run {{run.id}} in {{room}} with {{token}}' } },
      { type: 'assert', that: '{{room}}', equals: 'r2' },
      { type: 'ws_close' },
    ],
    cleanup: [{ type: 'ws_close' }],
  });
  expect(result.cause).toBe('assert');
  expect(result.steps.map(({ outcome }) => outcome)).toEqual([
    'pass',
    'pass',
    'pass',
    'pass',
    'fail',
    'skipped',
    'pass',
  ]);
  expect(JSON.stringify(result)).not.toContain(TOKEN);
});

test('a WebSocket that never closes does not hang', async () => {
  const result = await walk({
    secrets: { token: 'CHAT_TOKEN' },
    steps: [
      { type: 'ws_open', url: `ws://127.0.0.1:${app.port}/chat`, headers: { authorization: 'Bearer {{token}}' } },
      { type: 'ws_close', code: 4000, timeout: '300ms' },
    ],
  });
  expect(result.cause).toBe('timeout');
});

test('what can never work is refused with the field', () => {
  const text = JSON.stringify({
    checks: {
      shop: {
        every: '1s',
        steps: [
          { type: 'http', url: 'https://{{host}}/' },
          { type: 'sql', database: 'DB', query: 'DELETE FROM t' },
        ],
      },
      loop: { steps: [{ type: 'repeat', steps: [] }] },
    },
  });
  const result = validateConfig(text);
  expect('issues' in result ? result.issues.map(({ path }) => path) : []).toEqual(['checks.loop.steps.0.type']);
  const rest = validateConfig(text.replace(/,"loop".*/, '}}'));
  expect(
    'issues' in rest ? rest.issues.map(({ path, message }) => `${path} ${message.replace(' (line 1)', '')}`) : [],
  ).toEqual([
    'checks.shop.every must be from 10s to 86400s',
    'checks.shop.steps.0 uses {{host}}, which nothing has set before',
    'checks.shop.steps.1.query must only read',
  ]);
});
