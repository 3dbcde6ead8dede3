import type { CheckReport, LiveEvent } from '@belay/protocol';
import { checkReport } from '@belay/protocol';
import { sql } from 'kysely';
import { afterEach, expect, test } from 'vitest';
import { createHttpServer } from '../../platform/http/http-server.ts';
import { createLog } from '../../platform/log/log.ts';
import { closeDatabase, openDatabase, transaction } from '../../platform/sqlite/database.ts';
import type { WriteRequest } from '../telemetry/tables/row-set.ts';
import { type Checks, createChecks } from './api.ts';
import { takeRuns } from './check-store.ts';

const log = createLog({ level: 'error' });
const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

/** A server with checks only; its clock stands still until told. */
async function start() {
  const db = await openDatabase({ path: ':memory:' });
  opened.push(() => closeDatabase(db));
  const events: LiveEvent[] = [];
  const written: WriteRequest[] = [];
  const clock = { at: Date.UTC(2026, 0, 5), now: () => clock.at };
  const create = (): Checks =>
    createChecks({
      db,
      clock,
      log,
      bus: { publish: (event) => events.push(event) },
      write: async (content) => {
        written.push(content);
        return 'stored';
      },
      instance: 'here',
      runProbe: () => undefined,
    });
  const world = { checks: create() };
  const signal = new AbortController().signal;
  const app = createHttpServer({
    log,
    clock: { now: () => Date.now() },
    authenticate: () => ({ kind: 'machine', name: 'test', via: 'api', tokenId: 't', scopes: ['admin'], signal }),
    requestsPerMinute: 1_000_000,
    validatesResponses: true,
  });
  await app.register(async (scoped) => world.checks.routes(scoped));
  opened.push(async () => {
    await world.checks.close();
    await app.close();
  });
  const call = async (method: 'GET' | 'POST', url: string, payload?: object) => {
    const answer = await app.inject({ method, url, ...(payload === undefined ? {} : { payload }) });
    return { status: answer.statusCode, body: answer.json() };
  };
  const report = (given: Partial<CheckReport>) =>
    call('POST', '/api/v1/checks/report', {
      kind: 'periodic',
      service: 'shop',
      instance: 'a',
      everyMs: 30_000,
      ...given,
    });
  const messages = () =>
    events.filter((event) => event.type === 'check').map(({ what, sentence }) => `${what}: ${sentence}`);
  return { db, clock, events, written, create, call, report, messages, world };
}

const check = (name: string, outcome: 'pass' | 'fail' | 'warn', more: object = {}) => ({
  name,
  title: name === 'database' ? 'Database' : name,
  outcome,
  ...(outcome === 'fail' ? { cause: 'connection-refused', text: 'connect ECONNREFUSED 10.0.0.5:5432' } : {}),
  ...more,
});

test('trouble is told once with its children muted, across a restart, and its end', async () => {
  const { clock, report, call, messages, world, create } = await start();
  const round = async (outcome: 'pass' | 'fail'): Promise<void> => {
    for (const instance of ['a', 'b']) {
      const checks = [check('database', outcome), check('login', outcome, { dependsOn: ['database'] })];
      expect((await report({ instance, checks: checks as never })).status).toBe(202);
    }
    await world.checks.round();
    clock.at += 30_000;
  };
  await round('pass');
  await round('pass');
  for (let count = 0; count < 4; count += 1) await round('fail');
  await world.checks.close();
  world.checks = create();
  for (let count = 0; count < 4; count += 1) await round('fail');
  expect(messages()).toEqual(['down: Database of shop is down: connect ECONNREFUSED 10.0.0.5:5432.']);

  const list = await call('GET', '/api/v1/checks?limit=2');
  expect(list.body.headline).toBe('4 of 5 checks are down.');
  expect(list.body.items.map((item: { name: string }) => item.name)).toEqual(['database', 'database']);
  const rest = await call('GET', `/api/v1/checks?limit=10&cursor=${list.body.next}`);
  expect(rest.body.items.map((item: { name: string; mutedBy: string | null }) => [item.name, item.mutedBy])).toEqual([
    ['login', 'Database'],
    ['login', 'Database'],
    ['reports', null],
  ]);
  const care = await world.checks.care();
  expect(care.net).toMatchObject([{ title: 'Health', state: '0 of 4', tone: 'bad' }]);
  expect(care.todos.map(({ title, verb }) => `${verb}: ${title}`)).toEqual([
    'Look: Database is down',
    'Look: Database is down',
  ]);
  const incidents = await call('GET', '/api/v1/check-incidents?state=open');
  expect(incidents.body.items.map(({ state }: { state: string }) => state).toSorted()).toEqual(['down', 'muted']);

  for (let count = 0; count < 8; count += 1) await round('pass');
  expect(messages().at(-1)).toMatch(/^ended: Over after \d+ minutes: Database of shop/);
  expect(messages()).toHaveLength(2);
  const one = await call('GET', `/api/v1/checks/${list.body.items[0].id}`);
  expect(one.body).toMatchObject({ status: 'up', passing: 10 / 18, run: null, tone: 'ok' });
  const history = await call('GET', `/api/v1/checks/${list.body.items[0].id}/history`);
  expect(history.body.hours).toMatchObject([{ passed: 10, failed: 8 }]);
  expect(history.body.changes.map(({ status }: { status: string }) => status)).toEqual(['up', 'down', 'failing', 'up']);
});

test('a service that falls silent is told once; one that ends on purpose is not', async () => {
  const { clock, report, call, messages, world } = await start();
  for (const service of ['shop', 'bot', 'old']) await report({ service, checks: [check('memory', 'pass')] as never });
  await report({ service: 'old', kind: 'leaving', checks: [] });
  for (let second = 0; second < 400; second += 10) {
    if (second % 30 === 0) await report({ service: 'bot', checks: [check('memory', 'pass')] as never });
    await world.checks.round();
    clock.at += 10_000;
  }
  expect(messages()).toHaveLength(1);
  expect(messages()[0]).toContain('Health reports of shop is down: no process of shop has reported since');
  const { body } = await call('GET', '/api/v1/checks?search=shop');
  expect(body.items.map(({ name, status }: { name: string; status: string }) => `${name} ${status}`)).toEqual([
    'reports down',
    'memory silent',
  ]);
  const old = await call('GET', '/api/v1/checks?service=old');
  expect(old.body).toMatchObject({ total: 0, headline: 'Nothing is checked yet.' });
});

test('trouble of a process that falls silent is not told to be over', async () => {
  const { clock, report, call, messages, world } = await start();
  for (let second = 0; second < 300; second += 10) {
    if (second % 30 === 0) await report({ checks: [check('db', 'fail')] as never });
    await world.checks.round();
    clock.at += 10_000;
  }
  expect(messages()).toHaveLength(1);
  for (let second = 0; second < 400; second += 10) {
    await world.checks.round();
    clock.at += 10_000;
  }
  expect(messages().filter((text) => /over|ended|well again/i.test(text))).toEqual([]);
  const { body } = await call('GET', '/api/v1/checks?search=db');
  expect(body.items.map(({ status }: { status: string }) => status)).toEqual(['down']);
});

test('a clock that jumps a year makes nobody silent', async () => {
  const { clock, report, messages, world } = await start();
  await report({ checks: [check('memory', 'pass')] as never });
  await world.checks.round();
  clock.at += 365 * 86_400_000;
  for (let count = 0; count < 5; count += 1) {
    await world.checks.round();
    clock.at += 10_000;
  }
  expect(messages()).toEqual([]);
});

test('startup reports are kept and say who refused to start', async () => {
  const { report, call } = await start();
  const failed = [check('database', 'fail', { critical: true, mend: 'Start PostgreSQL.' }), check('disk', 'warn')];
  await report({ kind: 'startup', checks: failed as never, version: '1.2.3' });
  await report({ kind: 'startup', checks: [check('database', 'pass')] as never });
  const { body } = await call('GET', '/api/v1/startup-reports?service=shop');
  expect(body.items.map(({ sentence }: { sentence: string }) => sentence)).toEqual([
    'shop started: 1 of 1 checks passed.',
    'shop refused to start: 0 of 2 checks passed, 1 warning, 1 failed.',
  ]);
  expect((await call('GET', '/api/v1/startup-reports?ok=false')).body.items).toHaveLength(1);
});

test('bad input names the field', async () => {
  const { report, call } = await start();
  const wrong = await report({ checks: [{ name: '', outcome: 'broken' }] as never });
  expect(wrong.status).toBe(422);
  expect(wrong.body.issues.map(({ path }: { path: string }) => path)).toEqual(['checks.0.name', 'checks.0.outcome']);
  const many = Array.from({ length: 201 }, (_, index) => check(`c${index}`, 'pass'));
  expect((await report({ checks: many as never })).status).toBe(422);
  expect((await call('GET', '/api/v1/checks?cursor=bm8')).body.code).toBe('request.invalid');
  expect((await call('GET', '/api/v1/checks/none')).body.code).toBe('check.not-found');
});

test('a list of 5,000 checks is paged by its index, failing first', async () => {
  const { db, clock, call } = await start();
  for (let service = 0; service < 50; service += 1) {
    const seen = Array.from({ length: 100 }, (_, index) => ({
      kind: 'health' as const,
      service: `s${String(service).padStart(2, '0')}`,
      instance: 'a',
      everyMs: 30_000,
      check: checkReport.shape.checks.parse([
        check(`c${String(index).padStart(3, '0')}`, service === 49 ? 'fail' : 'pass'),
      ])[0] as never,
    }));
    for (let run = 0; run < 3; run += 1)
      await transaction(db, async (trx) => takeRuns(trx, seen, clock.at + run * 20_000));
  }
  const names: string[] = [];
  let cursor = '';
  do {
    const { body } = await call('GET', `/api/v1/checks?limit=200${cursor}`);
    expect(body.total).toBe(5000);
    expect(body.counts.down).toBe(100);
    names.push(...body.items.map(({ service, name }: { service: string; name: string }) => `${service}/${name}`));
    cursor = body.next === null ? '' : `&cursor=${body.next}`;
  } while (cursor !== '');
  expect(new Set(names).size).toBe(5000);
  expect(names.slice(0, 100).every((name) => name.startsWith('s49/'))).toBe(true);
  const plan = await sql`EXPLAIN QUERY PLAN SELECT * FROM checks ORDER BY rank, service, name, id LIMIT 50`.execute(db);
  expect(JSON.stringify(plan.rows)).toContain('checks_order');
});
