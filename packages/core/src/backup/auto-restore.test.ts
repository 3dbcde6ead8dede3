import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AutoRestoreInput,
  type CorruptionLook,
  decideAutoRestore,
  defaultAutoRestore,
  lookOfFailure,
} from './auto-restore.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const SECOND = 1000;
const look = (secondsAgo: number, changed: Partial<CorruptionLook> = {}): CorruptionLook => ({
  result: 'corrupt',
  at: NOW - secondsAgo * SECOND,
  process: `p${secondsAgo}`,
  isFull: true,
  device: '8:1',
  ...changed,
});
const point = { backup: 'bot-1', snapshotAt: NOW - 120 * SECOND, schemaHash: 'a', migrationId: '7' };
/** Every condition holds. */
const all: AutoRestoreInput = {
  now: NOW,
  rule: { isEnabled: true, maxLossMs: 300_000 },
  looks: [look(20), look(5)],
  soundDevice: '8:1',
  live: { schemaHash: 'a', migrationId: '7' },
  newestProven: point,
  areWritersFenced: true,
  isReadinessDown: true,
  isDamageKept: true,
  lastAutoRestoreAt: null,
  isClockEven: true,
};

test('with every condition it may, and says which backup', () => {
  expect(decideAutoRestore(all)).toEqual({ mayRestore: true, backup: 'bot-1', because: [] });
  expect(decideAutoRestore({ ...all, lastAutoRestoreAt: NOW - 86_400_000 }).mayRestore).toBe(true);
});

test('it is off by default', () => {
  expect(defaultAutoRestore.isEnabled).toBe(false);
  expect(decideAutoRestore({ ...all, rule: defaultAutoRestore }).because).toEqual([
    'automatic restore is off for this source',
  ]);
});

const nearMisses: readonly (readonly [string, Partial<AutoRestoreInput>])[] = [
  ['found corrupt only once', { looks: [look(5)] }],
  ['found corrupt twice within 10 s', { looks: [look(9), look(0)] }],
  ['found corrupt twice by the same process', { looks: [look(20, { process: 'x' }), look(5, { process: 'x' })] }],
  ['found by quick_check only', { looks: [look(20, { isFull: false }), look(5)] }],
  ['found by quick_check at last', { looks: [look(20), look(5, { isFull: false })] }],
  ['found corrupt long ago', { looks: [look(5000), look(4000)] }],
  ['found corrupt in the future', { looks: [look(-20), look(-5)] }],
  ['sound in between', { looks: [look(30), look(20, { result: 'sound' }), look(5)] }],
  ['an input or output error', { looks: [look(20, { result: 'io-error' }), look(5)] }],
  ['a full disk', { looks: [look(20), look(5, { result: 'disk-full' })] }],
  ['busy', { looks: [look(20), look(5, { result: 'busy' })] }],
  ['too many open files', { looks: [look(20, { result: 'too-many-open-files' }), look(5)] }],
  ['a deleted file', { looks: [look(20, { result: 'missing' }), look(5, { result: 'missing' })] }],
  ['another engine version', { looks: [look(20, { result: 'version-mismatch' }), look(5)] }],
  ['no permission', { looks: [look(20), look(5, { result: 'not-permitted' })] }],
  ['a look that took too long', { looks: [look(20), look(5, { result: 'timeout' })] }],
  ['an unknown failure', { looks: [look(20), look(5, { result: 'unknown' })] }],
  ['nobody looked', { looks: [] }],
  ['a wrong mount', { looks: [look(20, { device: '0:5' }), look(5, { device: '0:5' })] }],
  ['a mount that changed in between', { looks: [look(20), look(5, { device: '0:5' })] }],
  ['a device that was never noted', { soundDevice: null }],
  ['writers that are not fenced', { areWritersFenced: false }],
  ['a service that is still ready', { isReadinessDown: false }],
  ['damaged files that are not kept', { isDamageKept: false }],
  ['no proven backup', { newestProven: null }],
  ['a backup that is too old', { newestProven: { ...point, snapshotAt: NOW - 301 * SECOND } }],
  ['a backup from the future', { newestProven: { ...point, snapshotAt: NOW + SECOND } }],
  ['a time that is no number', { newestProven: { ...point, snapshotAt: Number.NaN } }],
  ['another schema', { live: { schemaHash: 'b', migrationId: '7' } }],
  ['another migration', { live: { schemaHash: 'a', migrationId: '8' } }],
  ['a schema that cannot be read', { live: null }],
  ['the second time in a day', { lastAutoRestoreAt: NOW - 86_399_999 }],
  ['a restore in the future', { lastAutoRestoreAt: NOW + SECOND }],
  ['a clock that jumped', { isClockEven: false }],
];

test.each(nearMisses)('it may not after %s', (_, changed) => {
  const decision = decideAutoRestore({ ...all, ...changed });
  expect(decision.mayRestore).toBe(false);
  expect(decision.backup).toBeNull();
  expect(decision.because).toHaveLength(1);
});

test('no mixture of near misses ever adds up to a yes', () => {
  const some = fc.subarray([...nearMisses], { minLength: 1 });
  fc.assert(
    fc.property(some, (chosen) => {
      const input = chosen.reduce((sum, [, changed]) => ({ ...sum, ...changed }), all);
      expect(decideAutoRestore(input).mayRestore).toBe(false);
    }),
    { seed: 1, numRuns: 2000 },
  );
});

test('random looks are a yes only when two full checks of two processes agree and nothing else was seen', () => {
  const anyLook = fc.record({
    result: fc.constantFrom('corrupt', 'corrupt', 'corrupt', 'sound', 'io-error', 'busy'),
    at: fc.integer({ min: NOW - 700_000, max: NOW + 1000 }),
    process: fc.constantFrom('a', 'b', 'c'),
    isFull: fc.boolean(),
    device: fc.constantFrom('8:1', '8:1', '8:1', '0:5'),
  }) satisfies fc.Arbitrary<CorruptionLook>;
  fc.assert(
    fc.property(fc.array(anyLook, { maxLength: 6 }), (looks) => {
      if (!decideAutoRestore({ ...all, looks }).mayRestore) return;
      const fresh = looks.filter(({ at }) => at <= NOW && NOW - at <= 600_000);
      const full = fresh.filter(({ isFull }) => isFull);
      expect(fresh.every(({ result, device }) => result === 'corrupt' && device === '8:1')).toBe(true);
      expect(full.some((a) => full.some((b) => a.process !== b.process && a.at - b.at >= 10_000))).toBe(true);
    }),
    { seed: 1, numRuns: 5000 },
  );
});

describe('what failures mean', () => {
  test.each([
    ['SQLITE_CORRUPT', 'corrupt'],
    ['SQLITE_CORRUPT_INDEX', 'corrupt'],
    ['XX001', 'corrupt'],
    ['SQLITE_NOTADB', 'missing'],
    ['SQLITE_IOERR_READ', 'io-error'],
    ['SQLITE_IOERR_SHORT_READ', 'io-error'],
    ['SQLITE_IOERR_CORRUPTFS', 'io-error'],
    ['EIO', 'io-error'],
    ['SQLITE_FULL', 'disk-full'],
    ['53100', 'disk-full'],
    ['SQLITE_BUSY_SNAPSHOT', 'busy'],
    ['SQLITE_LOCKED', 'busy'],
    ['EMFILE', 'too-many-open-files'],
    ['SQLITE_CANTOPEN', 'missing'],
    ['ENOENT', 'missing'],
    ['3D000', 'missing'],
    ['EACCES', 'not-permitted'],
    ['XX000', 'unknown'],
    ['57014', 'timeout'],
    ['', 'unknown'],
    ['SQLITE_NOMEM', 'unknown'],
    ['SQLITE_CORRUPTION_OF_ANOTHER_KIND', 'unknown'],
  ])('%s is %s', (code, expected) => {
    expect(lookOfFailure(code)).toBe(expected);
  });
});
