import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { BackupReceipt } from '@belay/protocol';
import { writeFileAtomically } from '../../../platform/files/write-file-atomically.ts';

const FILE = 'backup-receipts.key';
/** DER of an Ed25519 public key is this and the raw 32 bytes. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** The key that signs what drills found; made at the first start. */
export async function openReceiptKey(dataDir: string): Promise<KeyObject> {
  const file = path.join(dataDir, FILE);
  const known = readKey(file);
  if (known !== null) return known;
  const { privateKey } = generateKeyPairSync('ed25519');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  await writeFileAtomically(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600);
  return privateKey;
}

/** Null when this data folder has none. */
export function readReceiptKey(dataDir: string): KeyObject | null {
  return readKey(path.join(dataDir, FILE));
}

function readKey(file: string): KeyObject | null {
  try {
    return createPrivateKey(readFileSync(file));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

export function signReceipt(receipt: Omit<BackupReceipt, 'signature'>, key: KeyObject | null): BackupReceipt {
  if (key === null) return { ...receipt, signature: null };
  const value = sign(null, Buffer.from(signedText(receipt)), key);
  return {
    ...receipt,
    signature: { publicKey: publicTextOf(key), value: value.toString('base64') },
  };
}

/** Whether the signature fits the receipt. Whose key it is, the reader must know. */
export function isSignatureValid({ signature, ...receipt }: BackupReceipt): boolean {
  if (signature === null) return false;
  const raw = Buffer.from(signature.publicKey, 'base64');
  if (raw.length !== 32) return false;
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
  return verify(null, Buffer.from(signedText(receipt)), key, Buffer.from(signature.value, 'base64'));
}

/** Whether a receipt that lay at a destination counts: signed by `key`, or without a key here not signed wrongly. */
export function isTrusted(receipt: BackupReceipt, key: KeyObject | null): boolean {
  if (key === null) return receipt.signature === null || isSignatureValid(receipt);
  return receipt.signature?.publicKey === publicTextOf(key) && isSignatureValid(receipt);
}

function publicTextOf(key: KeyObject): string {
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return der.subarray(SPKI_PREFIX.length).toString('base64');
}

/** JSON with sorted keys and no spaces: the same text wherever it is made. */
function signedText(receipt: Omit<BackupReceipt, 'signature'>): string {
  return JSON.stringify(receipt, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
