import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { helpOfAllCommands, runBelay } from './application.ts';
import { exitCode } from './exit-code.ts';
import type { World } from './run.ts';

const BIN = path.resolve(import.meta.dirname, '../bin/belay.js');
const KNOWN_CODES = new Set<number>(Object.values(exitCode));

/** Each command once, in an order that makes sense; the code says how it must end. */
const COMMAND_LINES: readonly (readonly [line: string, code: number | 'any'])[] = [
  ['flag set shop.first --boolean', 0],
  ['flag set shop.first --default purple', 2],
  ['flag list', 0],
  ['flag types --out flags.gen.ts', 0],
  ['token create billing', 0],
  ['token list', 0],
  ['storage show', 0],
  ['storage plan', 0],
  ['storage age', 0],
  ['backup now belay', 0],
  ['backup list', 0],
  ['backup verify belay', 0],
  ['backup drill belay', 0],
  ['backup drill nothing', 4],
  ['backup list --offline', 0],
  ['backup drill belay --offline', 0],
  ['backup restore belay', 0],
  ['backup restore belay --replace', 'any'],
  ['backup kit new kit.txt', 0],
  ['backup kit check kit.txt no-artefact', 'any'],
  ['backup plan', 0],
  ['backup lease deploy-7 --ttl 1m', 0],
  ['backup release no-such-lease', 4],
  ['invariant list', 0],
  ['invariant check', 0],
  ['token revoke no-such-token', 4],
  ['status', 0],
  ['signals list', 0],
  ['signals show no-such-signal', 4],
  ['signals score', 0],
  ['signals add shop.own --from-file signal.yaml', 0],
  ['signals show shop.own', 0],
  ['change record --kind deploy --service shop --title Cart', 0],
  ['doctor', 1],
  ['login', 0],
  ['logs tail package.json --service shop --once --from-start', 0],
  ['logs search shop --from 2h', 0],
  ['logs search level:loud', 2],
  ['logs patterns --service shop', 0],
  ['traces list --slowest --slower 5ms', 0],
  ['traces show 4bf92f3577b34da6a3ce929d0e0e4736', 4],
  ['traces map --from 24h', 0],
  ['explain rollout.frozen', 0],
  ['completion bash', 0],
  ['init --yes --flag shop.first', 0],
  ['config validate', 0],
  ['config explain', 0],
  ['rollout list', 0],
  ['rollout plan shop.first', 0],
  ['rollout plan no-such-flag', 4],
  ['rollout aa shop.first --rate 6000 --errors 1% --runs 3', 0],
  ['rollout start shop.first', 0],
  ['rollout status', 0],
  ['rollout status 999', 4],
  ['rollout status first-change', 0],
  ['rollout watch shop.first --timeout 1s', 12],
  ['rollout hold #1', 0],
  ['rollout watch #1 --timeout 1s', 11],
  ['rollout resume 1', 0],
  ['rollout approve 1', 'any'],
  ['rollout promote 1 --reason testing', 'any'],
  ['rollout why 1', 0],
  ['rollout replay 1', 0],
  ['rollout rollback 1 --reason testing', 0],
  ['rollout status 1', 10],
  ['rollout acknowledge 1', 'any'],
  ['rollout cancel 1', 'any'],
  ['sentry dsn shop', 0],
  ['sentry keys', 0],
  ['sentry revoke no-such-key', 4],
  ['errors list --sort events', 0],
  ['errors show 1', 4],
  ['errors resolve 1 --next-release', 4],
  ['errors ignore 1 --for 7d', 4],
  ['sourcemaps upload . --release shop@1', 2],
  ['sourcemaps list', 0],
  ['query sum(up) --from 10m --step 15s', 0],
  ['query sum( --from 10m', 2],
  ['check list --kind probe', 0],
  ['check run home --config checks.yaml', 0],
  ['check run no-such-path', 4],
  ['kill shop.first', 0],
  ['kill --yes', 0],
];

let folder: string;
let server: ChildProcess;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'belay-cli-'));
  await writeFile(path.join(folder, 'package.json'), '{"name":"shop","type":"module"}');
  const signal = '{"kind":"ratio","dimension":"quality","from":{"type":"spans","service":"shop"},"target":"1%"}';
  await writeFile(path.join(folder, 'signal.yaml'), signal);
  server = spawn(process.execPath, [BIN, 'server', '--json', '--port', '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  url = await new Promise((resolve, reject) => {
    let text = '';
    server.stdout?.on('data', (part: Buffer) => {
      text += part.toString();
      if (text.endsWith('\n')) resolve(JSON.parse(text).url);
    });
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const checks = { home: { steps: [{ type: 'http', url: `${url}/livez`, expect: { json: { '$.ok': true } } }] } };
  await writeFile(path.join(folder, 'checks.yaml'), JSON.stringify({ checks }));
}, 60_000);

afterAll(async () => {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
  await rm(folder, { recursive: true, force: true });
});

function run(inputs: readonly string[]) {
  const printed = { stdout: '', stderr: '' };
  const world: World = {
    stdout: { write: (text) => void (printed.stdout += text) },
    stderr: { write: (text) => void (printed.stderr += text) },
    stdinIsTty: false,
    environment: { BELAY_URL: url, XDG_CONFIG_HOME: folder },
    cwd: folder,
    home: folder,
    clock: { now: () => Date.now() },
    ask: async () => {
      throw new Error('a command asked although there is no terminal');
    },
    interrupted: new AbortController().signal,
    tellParent: () => undefined,
  };
  return runBelay(inputs, world).then((code) => ({ code, ...printed }));
}

describe('every command against a real server, with --json and without a terminal', () => {
  test.each(COMMAND_LINES)('belay %s prints one JSON document and exits %s', async (line, wanted) => {
    const words = line.split(' ');
    const needsToken = words[0] === 'login' ? ['--token', await tokenOfServer()] : [];
    const { code, stdout, stderr } = await run([...words, ...needsToken, '--json']);
    const document: unknown = JSON.parse(stdout);
    expect(KNOWN_CODES).toContain(code);
    if (wanted !== 'any') expect({ code, stderr }).toEqual({ code: wanted, stderr: wanted === 0 ? '' : stderr });
    if (stderr !== '') expect(document).toMatchObject({ error: { exitCode: code } });
  });

  test('the list above leaves out no command but those that run for long', () => {
    const all = helpOfAllCommands().map(([route]) => route.replace(/^belay /, ''));
    const tested = new Set(all.filter((route) => COMMAND_LINES.some(([line]) => `${line} `.startsWith(`${route} `))));
    expect(all.filter((route) => !tested.has(route))).toEqual(['demo', 'server', 'logs follow']);
  });
});

async function tokenOfServer(): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  return (await readFile(path.join(folder, '.belay', 'cli-token'), 'utf8')).trim();
}
