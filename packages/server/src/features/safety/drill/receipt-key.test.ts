import { generateKeyPairSync } from 'node:crypto';
import type { BackupReceipt } from '@belay/protocol';
import { expect, test } from 'vitest';
import { isTrusted, signReceipt } from './receipt-key.ts';

const receipt: Omit<BackupReceipt, 'signature'> = {
  format: 'belay.receipt/1',
  id: 'r1',
  backup: 'bot-000001-20261124T031700Z',
  source: 'bot',
  manifestHash: 'a'.repeat(64),
  destination: 'near',
  level: 'L3',
  outcome: 'passed',
  proven: 'L3',
  startedAt: 0,
  elapsedMs: 1,
  restoreMs: 1,
  steps: [],
  invariants: [],
  error: null,
  host: 'h',
  by: 'test',
  version: '0.0.0',
};

test('where there is a key a receipt counts only when it was signed by it', () => {
  const own = generateKeyPairSync('ed25519').privateKey;
  const stranger = generateKeyPairSync('ed25519').privateKey;
  expect(isTrusted(signReceipt(receipt, own), own)).toBe(true);
  expect(isTrusted(signReceipt(receipt, stranger), own)).toBe(false);
  expect(isTrusted(signReceipt(receipt, null), own)).toBe(false);
  expect(isTrusted({ ...signReceipt(receipt, own), proven: 'L4' }, own)).toBe(false);
});

test('without a key one that fits its own signature, or has none, is believed', () => {
  const stranger = generateKeyPairSync('ed25519').privateKey;
  expect(isTrusted(signReceipt(receipt, stranger), null)).toBe(true);
  expect(isTrusted(signReceipt(receipt, null), null)).toBe(true);
  expect(isTrusted({ ...signReceipt(receipt, stranger), proven: 'L4' }, null)).toBe(false);
});
