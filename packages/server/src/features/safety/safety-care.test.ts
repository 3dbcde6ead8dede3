import type { SafetySource, SafetyView } from '@belay/protocol';
import { describe, expect, it } from 'vitest';
import { safetyCare } from './safety-care.ts';

const NOW = Date.UTC(2026, 10, 24);
const HOUR = 3_600_000;
const bot: SafetySource = {
  name: 'bot',
  engine: 'sqlite',
  location: '/srv/bot.db',
  isOwn: false,
  state: 'ok',
  problem: null,
  mend: null,
  schedule: '17 3 * * *',
  nextAt: NOW + 5 * HOUR,
  waitsFor: null,
  lastAttempt: null,
  lastSuccessAt: NOW - 2 * HOUR,
  newestProven: null,
  ageMs: null,
  maxAgeMs: 26 * HOUR,
  levels: [],
  backups: 1,
  proven: 1,
  bytes: 1,
  autoRestore: false,
};
const view = (state: SafetyView['state'], sources: readonly Partial<SafetySource>[]): SafetyView => ({
  at: NOW,
  state,
  summary: '',
  sources: sources.map((source) => ({ ...bot, ...source })),
  destinations: [],
  leases: [],
  running: [],
  isEncrypted: false,
  isOnOneDisk: false,
  notes: [],
});
const proven: NonNullable<SafetySource['newestProven']> = {
  backup: 'bot-000001-20261124T031700Z',
  level: 'L3',
  snapshotAt: NOW - 2 * HOUR,
  provenAt: NOW - 2 * HOUR,
  restoreMs: 10,
  places: ['disk'],
};

describe('what data safety says on the first screen', () => {
  it('is how old the oldest of the proven states is', () => {
    const { net, todos } = safetyCare(view('ok', [{ newestProven: proven, ageMs: 2 * HOUR }]));
    expect(net).toMatchObject([
      { tone: 'ok', state: '1 of 1 proven', detail: expect.stringContaining('2 h old at most') },
    ]);
    expect(todos).toEqual([]);
  });

  it('is a reason to look for every source in trouble, and not for one whose first backup is due at once', () => {
    const { net, todos } = safetyCare(
      view('fail', [
        { name: 'late', state: 'late', problem: 'It is 30 h old.' },
        { name: 'new', state: 'never', nextAt: NOW + HOUR / 6 },
        { name: 'forgotten', state: 'never', nextAt: null },
        { name: 'young', state: 'unproven' },
      ]),
    );
    expect(net).toMatchObject([{ tone: 'bad', state: '0 of 4 proven' }]);
    expect(todos.map(({ title }) => title)).toEqual([
      'late has no fresh proven backup',
      'forgotten was never backed up',
    ]);
  });
});
