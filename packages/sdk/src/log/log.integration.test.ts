import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Logs, type LogsOptions, openLogs } from '../log.ts';

let folder: string;
let opened: Logs[];
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'belay-log-'));
  opened = [];
});
afterEach(async () => {
  for (const logs of opened) await logs.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(options: Partial<LogsOptions> = {}): Promise<Logs> {
  const logs = await openLogs({
    directory: folder,
    systems: ['bot', 'payments'],
    service: 'guild-bot',
    ship: false,
    ...options,
  });
  opened.push(logs);
  return logs;
}

function filesOf(name: string): string[] {
  return readdirSync(folder).filter((file) => file.startsWith(`${name}.`));
}

function recordsOf(name: string): Record<string, unknown>[] {
  return filesOf(name).flatMap((file) =>
    readFileSync(path.join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  );
}

describe('files', () => {
  it('writes one file a system at once, errors of all systems into one more, and nothing below the level', async () => {
    const logs = await open({ systems: { bot: {}, payments: { level: 'warn' } } });
    logs.system('bot').info({ guild: 7 }, 'ready');
    logs.system('bot').debug('not wanted');
    logs.system('payments').info('not wanted either');
    logs.system('payments').error(new Error('card refused'), 'payment failed');
    expect(recordsOf('bot')).toMatchObject([{ msg: 'ready', guild: 7, system: 'bot', service: 'guild-bot' }]);
    expect(recordsOf('payments')).toMatchObject([{ msg: 'payment failed', err: { message: 'card refused' } }]);
    expect(recordsOf('errors')).toMatchObject([{ msg: 'payment failed', system: 'payments' }]);
  });

  it('takes secrets out of facts, errors and messages before anything is written, and counts them', async () => {
    const logs = await open();
    const facts = { user: { password: 'hunter2', name: 'ann' }, list: ['Bearer abcdefghijklmnopqrstuvwxyz123456'] };
    logs.system('bot').info(facts, 'login with password=%s', 'hunter2');
    logs.system('bot').error(new Error('postgres://bot:hunter2@db/guilds refused'), 'password=hunter2 refused');
    logs.audit({ action: 'token.made', actor: 'ann', details: { token: 'abc123' } });
    const written = ['bot', 'errors', 'audit'].flatMap(recordsOf).map((record) => JSON.stringify(record));
    expect(written.filter((text) => /hunter2|abcdefghij|abc123/.test(text))).toEqual([]);
    expect(written[0]).toContain('"name":"ann"');
    expect(facts.user.password).toBe('hunter2');
    expect(Object.values(logs.redacted()).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(5);
  });

  it('goes on in the file of the day after a restart', async () => {
    const before = await open();
    before.system('bot').info('first');
    await before.close();
    const after = await open();
    after.system('bot').info('second');
    expect(filesOf('bot')).toHaveLength(1);
    expect(recordsOf('bot').map(({ msg }) => msg)).toEqual(['first', 'second']);
  });

  it('keeps 30 days of a system and 400 of the audit, and leaves what is not its own alone', async () => {
    const dayAgo = (days: number): string => {
      const day = new Date(Date.now() - days * 86_400_000);
      return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}-${String(day.getDate()).padStart(2, '0')}`;
    };
    const names = {
      goes: [`bot.${dayAgo(32)}.1.log`, `errors.${dayAgo(400)}.2.log`, `audit.${dayAgo(402)}.1.log`],
      stays: [`bot.${dayAgo(29)}.1.log`, `audit.${dayAgo(200)}.1.log`, `other.${dayAgo(90)}.1.log`, 'bot.notes.txt'],
    };
    for (const name of [...names.goes, ...names.stays]) writeFileSync(path.join(folder, name), 'old\n');
    await open();
    for (const name of names.goes) expect(existsSync(path.join(folder, name)), name).toBe(false);
    for (const name of names.stays) expect(existsSync(path.join(folder, name)), name).toBe(true);
  });

  it('has every line that was logged before a kill -9', async () => {
    const script = `import { openLogs } from '${path.resolve(import.meta.dirname, '../log.ts')}';
      const logs = await openLogs({ directory: ${JSON.stringify(folder)}, systems: ['bot'], service: 's', ship: false });
      for (let i = 0; i < 1000; i += 1) logs.system('bot').info({ i }, 'line');
      logs.audit({ action: 'role.granted', actor: 'ann', target: 'bob' });
      process.kill(process.pid, 'SIGKILL');`;
    writeFileSync(path.join(folder, 'app.mts'), script);
    const child = spawn(process.execPath, ['--conditions=@belay/source', path.join(folder, 'app.mts')], {
      stdio: 'ignore',
      env: { ...process.env, NODE_OPTIONS: '' },
      cwd: path.resolve(import.meta.dirname, '..'),
    });
    await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
    expect(recordsOf('bot').map(({ i }) => i)).toEqual(Array.from({ length: 1000 }, (_nothing, i) => i));
    expect(recordsOf('audit')).toMatchObject([{ msg: 'role.granted', actor: 'ann', target: 'bob' }]);
  });

  it('never fails the application on a full disk, tells it once and counts what is lost', async () => {
    const volume = path.join(folder, 'volume');
    if (!mount(volume)) return expect(process.getuid?.()).not.toBe(0);
    try {
      const warnings: string[] = [];
      const logs = await openLogs({
        directory: volume,
        systems: ['bot'],
        service: 's',
        ship: false,
        onWarning: (message) => warnings.push(message),
      });
      const line = 'x'.repeat(64 * 1024);
      for (let i = 0; i < 200; i += 1) logs.system('bot').info(line);
      await new Promise(setImmediate);
      expect(statfsSync(volume).bavail).toBe(0);
      expect(logs.lost().file).toBeGreaterThan(0);
      expect(warnings.filter((message) => message.includes('no space left'))).toHaveLength(1);
      await logs.close();
    } finally {
      execFileSync('umount', ['--lazy', volume]);
    }
  });
});

describe('options', () => {
  it.each([
    [{ systems: ['../etc'] }, '"systems" is "../etc"; it should be names of 1 to 64 letters'],
    [{ systems: [] }, '"systems" is 0; it should be 1 to 200 names'],
    [{ systems: ['audit'] }, '"systems" is "audit"; it should be a name other than errors and audit'],
    [{ retentionDays: 0 }, '"retentionDays" is 0; it should be a whole number from 1 to 3650'],
    [{ level: 'loud' as 'info' }, '"level" is "loud"; it should be one of trace, debug'],
    [{ ship: { url: 'belay' } }, '"ship.url" is "belay"; it should be an address such as'],
    [{ directory: ' ' }, '"directory" is " "; it should be a path'],
  ])('refuses %j and says what would be right', async (options, message) => {
    await expect(open(options)).rejects.toThrow(message);
  });

  it('names the systems there are when asked for another', async () => {
    const logs = await open();
    expect(() => logs.system('bto')).toThrow('There is no system "bto" in these logs; there are bot, payments.');
  });
});

describe('console capture', () => {
  it('keeps the print as it is, adds a record with its level, and stops', async () => {
    const logs = await open({ level: 'debug' });
    const printed: unknown[][] = [];
    const original = console.log;
    console.log = (...values) => printed.push(values);
    const beneath = console.log;
    try {
      const stop = logs.captureConsole('bot');
      const value = { a: 1 };
      console.log('ready %s', 'now', value);
      logs.within('payments', () => console.log('paid'));
      stop();
      console.log('after');
      expect(console.log).toBe(beneath);
      expect(printed).toEqual([['ready %s', 'now', value], ['paid'], ['after']]);
      expect(printed[0]?.[2]).toBe(value);
    } finally {
      console.log = original;
    }
    expect(recordsOf('bot')).toMatchObject([{ level: 30, msg: 'ready now { a: 1 }', 'log.origin': 'console' }]);
    expect(recordsOf('payments')).toMatchObject([{ msg: 'paid' }]);
  });

  it('records an error with its stack, and survives values whose text throws', async () => {
    const logs = await open();
    const original = console.error;
    console.error = () => undefined;
    try {
      logs.captureConsole('bot');
      console.error('failed:', new TypeError('no guild'));
      const trap = new Proxy({}, { get: () => expect.fail('no text for you') });
      expect(() => console.error('%s', trap)).not.toThrow();
    } finally {
      await logs.close();
      console.error = original;
    }
    expect(recordsOf('errors')[0]).toMatchObject({ level: 50, err: { type: 'TypeError', message: 'no guild' } });
  });
});

describe('shipping', () => {
  it('sends the very same bytes again until they are stored, as OpenTelemetry logs', async () => {
    const bodies: string[] = [];
    const done = Promise.withResolvers<void>();
    const server = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        bodies.push(Buffer.concat(chunks).toString());
        response.writeHead(bodies.length < 3 ? 503 : 200, { 'content-type': 'application/json' }).end('{}');
        if (bodies.length === 3) done.resolve();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const logs = await open({ ship: { url: `http://127.0.0.1:${port}`, key: 'k' }, onWarning: () => undefined });
    logs.system('bot').warn({ guild: 7, ratio: 0.5, ok: true, err: new RangeError('too far') }, 'odd');
    await done.promise;
    expect(bodies[1]).toBe(bodies[0]);
    expect(bodies[2]).toBe(bodies[0]);
    const { resourceLogs } = JSON.parse(bodies[0] ?? '') as {
      resourceLogs: [{ scopeLogs: [{ logRecords: object[] }] }];
    };
    expect(resourceLogs[0].scopeLogs[0].logRecords).toMatchObject([
      {
        severityNumber: 13,
        severityText: 'WARN',
        body: { stringValue: 'odd' },
        attributes: expect.arrayContaining([
          { key: 'guild', value: { intValue: '7' } },
          { key: 'ratio', value: { doubleValue: 0.5 } },
          { key: 'ok', value: { boolValue: true } },
          { key: 'exception.type', value: { stringValue: 'RangeError' } },
          { key: 'exception.message', value: { stringValue: 'too far' } },
        ]),
      },
    ]);
    await logs.close();
    expect(logs.lost()).toEqual({ file: 0, shipping: 0 });
    server.close();
  });

  it('counts what could not be sent when the process ends, and the files have it', async () => {
    const logs = await open({ ship: { url: 'http://127.0.0.1:9', key: 'k' }, onWarning: () => undefined });
    for (let i = 0; i < 5; i += 1) logs.system('bot').info('alone');
    await logs.close(200);
    expect(logs.lost()).toEqual({ file: 0, shipping: 5 });
    expect(recordsOf('bot')).toHaveLength(5);
  });
});

function mount(volume: string): boolean {
  try {
    execFileSync('mkdir', [volume]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', volume], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
