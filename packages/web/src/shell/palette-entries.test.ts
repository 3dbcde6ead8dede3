import type { RolloutSummary } from '@belay/protocol';
import { expect, it } from 'vitest';
import { actionEntries, findEntries, type PaletteEntry } from './palette-entries.ts';

const entry = (text: string, command: string | null = null): PaletteEntry => ({
  id: text,
  group: 'Run',
  text,
  command,
  run: () => undefined,
});
const found = (typed: string, ...entries: PaletteEntry[]): string[] =>
  findEntries(entries, typed).map((one) => one.text);

it('finds by the beginnings of words, in any order', () => {
  const entries = [entry('Roll back Semantic cache'), entry('Flags'), entry('checkout.v2')];
  expect(found('sem roll', ...entries)).toEqual(['Roll back Semantic cache']);
  expect(found('v2', ...entries)).toEqual(['checkout.v2']);
  expect(found('emantic', ...entries)).toEqual([]);
});

it('finds by the command and lists all when nothing is typed', () => {
  const entries = [entry('Ship a change', 'belay rollout start'), entry('Flags')];
  expect(found('rollout', ...entries)).toEqual(['Ship a change']);
  expect(found('', ...entries)).toHaveLength(2);
});

it('puts what starts with the text first', () => {
  expect(found('fl', entry('New flag'), entry('Flags'))).toEqual(['Flags', 'New flag']);
});

it('offers only what the change allows, with its command', () => {
  const rollout = {
    id: 'r',
    number: 482,
    title: 'Cache',
    allowed: ['hold', 'rollback', 'promote'],
  } as unknown as RolloutSummary;
  const entries = actionEntries(rollout, () => undefined);
  expect(entries.map((one) => one.command)).toEqual(['belay rollout rollback 482', 'belay rollout hold 482']);
});
