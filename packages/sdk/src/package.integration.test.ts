import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sdkVersion } from './version.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../../..');
const entries = ['', '/openfeature', '/express', '/fastify', '/hono', '/koa', '/channel', '/channel-client'];
let folder: string;
let installed: string;

// The application knows nothing of this repository: only the packed archive and its own node_modules.
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'belay-app-'));
  const source = path.join(folder, 'source');
  mkdirSync(source);
  cpSync(path.join(root, 'packages/sdk/package.json'), path.join(source, 'package.json'));
  await run(process.execPath, [path.join(root, 'scripts/build-sdk.js'), path.join(source, 'dist')], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const { stdout } = await run('npm', ['pack', '--json', '--offline', '--pack-destination', folder], { cwd: source });
  const archive = /belay-node-[\d.]+\.tgz/.exec(stdout)?.[0] ?? expect.fail(`npm pack named no archive: ${stdout}`);
  installed = path.join(folder, 'node_modules/@belay/node');
  mkdirSync(installed, { recursive: true });
  await run('tar', ['-xzf', path.join(folder, archive), '-C', installed, '--strip-components=1']);
  for (const name of ['@openfeature', '@types', 'undici-types', 'pino', 'pino-roll']) {
    symlinkSync(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name));
  }
  writeFileSync(path.join(folder, 'package.json'), '{ "name": "app", "version": "1.0.0" }');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function runApp(name: string, text: string): Promise<string> {
  writeFileSync(path.join(folder, name), text);
  // The environment must not bring the repository's own conditions along.
  const environment = { PATH: process.env['PATH'], HOME: folder };
  const { stdout } = await run(process.execPath, [name], { cwd: folder, env: environment, timeout: 20_000 });
  return stdout.trim();
}

/** A listener whose queue is full and never emptied: the kernel keeps quiet about further connections. */
async function startQuietListener(): Promise<{ port: number; stop: () => Promise<void> }> {
  const text = `const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [written] = await once(child.stdout, 'data');
  const port = Number(String(written));
  const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  await Promise.race(fillers.map((filler) => once(filler, 'connect')));
  return {
    port,
    stop: async () => {
      for (const filler of fillers) filler.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

const bootstrap = `{ flags: { a: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' } } }`;

describe('the packed SDK', () => {
  it('has no runtime dependency, a small core and the version it says', () => {
    const manifest: Record<string, unknown> = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'));
    expect(manifest['dependencies']).toBeUndefined();
    expect(manifest['version']).toBe(sdkVersion);
    expect(gzipSync(readFileSync(path.join(installed, 'dist/index.js'))).length).toBeLessThanOrEqual(40 * 1024);
  });

  it('imports only Node itself, OpenFeature in its own entry, and pino in that of the logs', () => {
    const dist = path.join(installed, 'dist');
    const wanted = new Set<string>();
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => /\.[cm]?[jt]s$/.test(file));
    for (const file of files.toSorted()) {
      const text = readFileSync(path.join(dist, file), 'utf8');
      for (const [, target] of text.matchAll(
        /(?:^import[^;]*?from |^export[^;]*?from |require\()["']([^"'.][^"']*)["']/gm,
      )) {
        if (!target?.startsWith('node:')) wanted.add(`${file.split('.')[0] ?? ''}: ${target ?? ''}`);
      }
    }
    expect([...wanted].toSorted()).toEqual(['log/types: pino', 'log: pino', 'openfeature: @openfeature/server-sdk']);
  });

  it('has a client for channels that a browser can load: nothing of Node is in it', () => {
    expect(readFileSync(path.join(installed, 'dist/channel-client.js'), 'utf8')).not.toMatch(
      /["']node:|\bprocess\b|Buffer/,
    );
  });

  it('works from an ES module, and ends with the application though the server cannot be reached', async () => {
    const imports = entries.map((entry, index) => `import * as m${index} from '@belay/node${entry}';`).join('\n');
    const text = `${imports}
      const flags = m0.belay.start({ url: 'http://127.0.0.1:9', key: 'k', service: 's', snapshotFile: false, bootstrap: ${bootstrap} });
      console.log(flags.on('a', { key: 'ann' }), [${entries.map((_entry, index) => `Object.keys(m${index})[0]`).join()}].join());`;
    expect(await runApp('app.mjs', text)).toBe(
      'true belay,createBelayProvider,belayExpress,belayFastify,belayHono,belayKoa,ChannelLogError,OutboxError',
    );
  });

  it.each([
    ['mjs', `import { openLogs } from '@belay/node/log';`],
    ['cjs', `const { openLogs } = require('@belay/node/log');`],
  ])('writes the files of a system from a .%s application', async (extension, load) => {
    const text = `${load}
      const write = async () => {
        const logs = await openLogs({ directory: 'logs-${extension}', systems: ['bot'], ship: false });
        logs.system('bot').info('ready');
        await logs.close();
        return require('node:fs').readdirSync('logs-${extension}').length;
      };
      write().then(console.log);`;
    const loaded =
      extension === 'mjs'
        ? `import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url); ${text}`
        : text;
    expect(await runApp(`logs.${extension}`, loaded)).toBe('3');
  });

  it.each([
    [
      'mjs',
      `import { openSafeSqlite } from '@belay/node/database';
      import { DatabaseSync } from 'node:sqlite';`,
    ],
    [
      'cjs',
      `const { openSafeSqlite } = require('@belay/node/database');
      const { DatabaseSync } = require('node:sqlite');`,
    ],
  ])('makes the writes of a .%s application safe without any other package', async (extension, load) => {
    const text = `${load}
      const raw = new DatabaseSync(':memory:');
      raw.exec('CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)');
      const db = openSafeSqlite(raw, { report: false });
      console.log(db.writeSync('add', (tx) => tx.insert('items', { name: 'a' })));`;
    expect(await runApp(`database.${extension}`, text)).toBe('1');
  });

  it('ends with the application though the address swallows every packet', async () => {
    const { port, stop } = await startQuietListener();
    const text = `import { belay } from '@belay/node';
      belay.start({ url: 'http://127.0.0.1:${port}', key: 'k', service: 's', snapshotFile: false, onWarning() {} });
      // Without care the kernel holds the process for as long as it tries: minutes.
      process.on('exit', () => console.log(process.uptime() < 4));`;
    try {
      expect(await runApp('quiet.mjs', text)).toBe('true');
    } finally {
      await stop();
    }
  });

  it('works from CommonJS, and shares its units with the ES module copy', async () => {
    const requires = entries.map((entry) => `require('@belay/node${entry}')`).join();
    const text = `const all = [${requires}];
      const { belay } = all[0];
      const flags = belay.start({ bootstrap: ${bootstrap} });
      import('@belay/node').then((esm) => {
        const seen = belay.unit('job', 'ann', () => esm.belay.track('cost', 1));
        console.log(flags.on('a'), all.length, seen, esm.belay !== belay);
      });`;
    expect(await runApp('app.cjs', text)).toBe('true 8 true true');
  });

  it('types an application strictly, and refuses unknown keys and wrong types', async () => {
    const text = `import { belay } from '@belay/node';
      import { createBelayProvider } from '@belay/node/openfeature';
      import { belayExpress } from '@belay/node/express';
      interface MyFlags { 'checkout.v2': boolean; greeting: 'hello' | 'hi'; limit: number }
      const flags = belay.start<MyFlags>({ service: 'shop', defaults: { limit: 3 } });
      const isOn: boolean = flags.on('checkout.v2', { key: 'ann', plan: 'pro' });
      const greeting: 'hello' | 'hi' = flags.value('greeting', { key: 'ann' }, 'hello');
      const length: Promise<number> = flags.unit('job', 'ann', async () => greeting.length);
      createBelayProvider(flags);
      belayExpress({ key: (request) => request.headers['x-user']?.toString() });
      // @ts-expect-error there is no such flag
      flags.on('checkout.v3');
      // @ts-expect-error greeting is not a switch
      flags.on('greeting');
      // @ts-expect-error limit is a number
      flags.value('limit', {}, 'three');
      export { isOn, length };`;
    for (const name of ['app.mts', 'app.cts']) {
      writeFileSync(path.join(folder, name), text);
    }
    const options = {
      module: 'nodenext',
      target: 'es2024',
      strict: true,
      noEmit: true,
      types: ['node'],
      exactOptionalPropertyTypes: true,
    };
    writeFileSync(
      path.join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: ['app.mts', 'app.cts'] }),
    );
    const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
    const result = await run(process.execPath, [compiler, '-p', folder], { cwd: folder }).catch(
      (error: { stdout?: string }) => error,
    );
    expect(result.stdout).toBe('');
  });
});
