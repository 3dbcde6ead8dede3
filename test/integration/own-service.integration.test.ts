import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

/**
 * docs/how-to/own-app.md, step by step, for a service in a folder of its own: nothing of this repository but the
 * command and the installed SDK.
 */
const ROOT = path.resolve(import.meta.dirname, '../..');
const BIN = path.join(ROOT, 'packages/cli/bin/belay.js');
const LINES_ALLOWED = 10;

const SERVICE = `import http from 'node:http';

const oldWay = (user) => ({ status: 200, text: 'hello ' + user });
const newWay = (user) => (/[369]$/.test(user) ? { status: 500, text: 'broken' } : { status: 200, text: 'hi ' + user });

const server = http.createServer((request, response) => {
  const user = { id: String(request.headers['x-user']) };
  const answer = oldWay(user.id);
  response.writeHead(answer.status).end(answer.text);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'own-service-'));
  await writeFile(path.join(folder, 'package.json'), '{"name":"greeter","version":"1.0.0","type":"module"}\n');
  await writeFile(path.join(folder, 'service.js'), SERVICE);
});

afterAll(async () => {
  for (const child of children.toReversed()) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.kill('SIGTERM')) await ended;
  }
  await rm(folder, { recursive: true, force: true });
});

test('an own service gets from init to its first guarded rollout with at most ten changed lines', async () => {
  await belay('init', '--yes');
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', path.join(ROOT, 'packages/sdk')], {
    cwd: folder,
  });
  const service = await putBehindFlag();
  expect(await changedLines(service)).toBeLessThanOrEqual(LINES_ALLOWED);

  const { url } = JSON.parse(await firstLine(start(process.execPath, [BIN, 'server', '--json', '--port', '0'])));
  await belay('flag', 'set', 'greeter.first-change', '--boolean', '--url', url);
  const key = JSON.parse(await belay('token', 'create', 'greeter', '--url', url, '--json')).secret;
  const port = await firstLine(start(process.execPath, ['service.js'], { BELAY_URL: url, BELAY_KEY: key }));
  const stop = sendRequests(Number(port));
  try {
    const doctor = await until(async () => {
      const report = JSON.parse(await belay('doctor', '--url', url, '--json').catch((error) => error.stdout));
      return report.findings.find(({ name, ok }: { name: string; ok: boolean }) => name === 'Services' && ok);
    });
    expect(doctor.detail).toContain('1 instances');
    const ended = await belay(
      'rollout',
      'start',
      'first-change',
      '--watch',
      '--timeout',
      '90s',
      '--url',
      url,
      '--json',
    ).catch((error) => error);
    expect(ended.code).toBe(10);
    const view = JSON.parse(ended.stdout);
    expect(view).toMatchObject({ status: 'rolled-back', flagKey: 'greeter.first-change', component: 'greeter' });
    expect(JSON.parse(await belay('rollout', 'replay', '--url', url, '--json'))).toMatchObject({ agrees: true });
  } finally {
    stop();
  }
});

async function putBehindFlag(): Promise<string> {
  const changed = SERVICE.replace(
    "import http from 'node:http';",
    "import http from 'node:http';\nimport { flags } from './belay.js';",
  ).replace(
    'const answer = oldWay(user.id);',
    "const answer = flags.on('greeter.first-change', { key: user.id }) ? newWay(user.id) : oldWay(user.id);",
  );
  await writeFile(path.join(folder, 'service.js'), changed);
  return changed;
}

/** Every line of the service's folder that was not there before, but for what the package manager writes. */
async function changedLines(service: string): Promise<number> {
  const before = new Set(SERVICE.split('\n'));
  let lines = service.split('\n').filter((line) => !before.has(line)).length;
  for (const name of await readdir(folder)) {
    if (['belay.yaml', 'belay.js'].includes(name)) {
      lines += (await readFile(path.join(folder, name), 'utf8')).trimEnd().split('\n').length;
    }
  }
  return lines;
}

async function belay(...inputs: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [BIN, ...inputs], { cwd: folder });
  return stdout;
}

function start(command: string, inputs: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(command, inputs, {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (part: Buffer) => {
      text += part.toString();
      if (text.includes('\n')) resolve(text.split('\n')[0] ?? '');
    });
    child.once('exit', (code) => reject(new Error(`it ended with code ${code} before it said anything`)));
  });
}

/** 300 requests a second of 100,000 users; arrivals do not wait for answers. */
function sendRequests(port: number): () => void {
  const agent = new http.Agent({ keepAlive: true });
  let user = 0;
  const timer = setInterval(() => {
    for (let count = 0; count < 3; count++) {
      user = (user + 7919) % 100_000;
      http
        .get({ port, host: '127.0.0.1', agent, headers: { 'x-user': `user-${user}` } }, (response) => response.resume())
        .once('error', () => undefined);
    }
  }, 10);
  return () => {
    clearInterval(timer);
    agent.destroy();
  };
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('it did not happen within 30 s');
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
