import type { BackupCopyView, BackupDetail, BackupReceipt } from '@belay/protocol';
import { expect, test } from 'vitest';
import { exitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import { createOutput } from '../output.ts';
import type { Run } from '../run.ts';
import { backupNow } from './backup-now.ts';
import { backupDrill, backupVerify } from './backup-prove.ts';
import { backupRestore } from './backup-restore.ts';

const flags = { json: true, debug: false, offline: false };
const done = { id: 'op', state: 'done', steps: [], result: 'done', failure: null, progress: null, kind: 'drill' };
const broken = { ...done, state: 'failed', failure: { code: 'backup.failed', message: 'no', hint: null } };

interface Server {
  readonly copies?: readonly BackupCopyView['state'][];
  readonly outcome?: BackupReceipt['outcome'];
  readonly listed?: readonly { readonly id: string; readonly isProven: boolean }[];
  /** Sources whose backup fails. */
  readonly failing?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly isAway?: boolean;
}

/** A run whose server answers so; what was asked of it is noted. */
function runOf(server: Server) {
  const asked: { name: string; source?: string; id?: string }[] = [];
  const detail = {
    id: 'bot-1',
    copies: (server.copies ?? ['verified']).map((state, index) => ({ destination: `d${index}`, state })),
    receipts: server.outcome === undefined ? [] : [{ level: 'L3', outcome: server.outcome }],
  } as unknown as BackupDetail;
  const answers: Readonly<Record<string, (input: { source: string }) => unknown>> = {
    leaseList: () => ({ items: [] }),
    backupList: () => ({ items: server.listed ?? [{ id: 'bot-1', isProven: false }], next: null }),
    backupGet: () => detail,
    safetyGet: () => ({ sources: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }),
    backupCreate: ({ source }) => (server.failing?.includes(source) === true ? broken : done),
    restorePlan: () => ({}),
  };
  const run = {
    output: createOutput({
      stdout: { write: () => true },
      stderr: { write: () => true },
      isJson: true,
      hasColour: false,
    }),
    world: { interrupted: new AbortController().signal, environment: server.environment ?? {}, cwd: '/nowhere' },
    api: async () => {
      if (server.isAway === true)
        throw new CliFailure({
          code: 'server.unreachable',
          exitCode: exitCode.unreachable,
          what: '',
          why: '',
          fix: '',
        });
      return {
        call: async (name: string, { body, params }: { body?: { source: string }; params?: { id: string } }) => {
          asked.push({ name, ...body, ...params });
          return answers[name]?.(body ?? { source: '' }) ?? done;
        },
      };
    },
  } as unknown as Run;
  return { run, asked };
}

test.each([
  [['verified', 'verified', 'removed'], exitCode.done],
  [['verified', 'unverified'], exitCode.failed],
  [['verified', 'corrupt'], exitCode.failed],
  [['removed'], exitCode.failed],
  [[], exitCode.failed],
] as const)('verify of copies that are %j ends with %i', async (copies, code) => {
  expect(await backupVerify(runOf({ copies }).run, flags, 'bot')).toBe(code);
});

test.each([
  ['passed', exitCode.done],
  ['inconclusive', exitCode.failed],
  ['failed', exitCode.failed],
  [undefined, exitCode.failed],
] as const)('a drill that %s ends with %i', async (outcome, code) => {
  const { run } = runOf(outcome === undefined ? {} : { outcome });
  expect(await backupDrill(run, flags, 'bot')).toBe(code);
});

test('a backup that fails does not keep the others from being made, and the command fails', async () => {
  const { run, asked } = runOf({ failing: ['a', 'c'] });
  await expect(backupNow(run, flags)).rejects.toMatchObject({
    facts: { exitCode: exitCode.failed, what: '2 of 3 backups failed.', why: 'a: no c: no' },
  });
  expect(asked.flatMap(({ source }) => source ?? [])).toEqual(['a', 'b', 'c']);
  expect(await backupNow(runOf({}).run, flags)).toBe(exitCode.done);
});

test('a source is restored from its newest proven state, and without one from the newest', async () => {
  const restored = async (listed: Server['listed']): Promise<string | undefined> => {
    const { run, asked } = runOf(listed === undefined ? {} : { listed });
    await backupRestore(run, { ...flags, replace: false, yes: false }, 'bot');
    return asked.find(({ name }) => name === 'backupRestore')?.id;
  };
  const [unproven, proven] = [
    { id: 'bot-2', isProven: false },
    { id: 'bot-1', isProven: true },
  ];
  expect(await restored([unproven, proven])).toBe('bot-1');
  expect(await restored([unproven])).toBe('bot-2');
});

test('whoever named a server never gets the files of this machine instead', async () => {
  const named = runOf({ isAway: true, environment: { BELAY_URL: 'http://belay.example' } });
  const expected = { facts: { exitCode: exitCode.unreachable, fix: expect.stringContaining('--offline') } };
  await expect(backupVerify(named.run, flags, 'bot')).rejects.toMatchObject(expected);
  const flagged = runOf({ isAway: true });
  await expect(backupVerify(flagged.run, { ...flags, url: 'http://b.example' }, 'bot')).rejects.toMatchObject(expected);
});
