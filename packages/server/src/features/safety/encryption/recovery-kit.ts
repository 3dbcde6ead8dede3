import { createReadStream } from 'node:fs';
import { BelayError } from '@belay/core';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { ageDecrypt } from './age-stream.ts';

/** A key with what a person needs who finds it years later. */
export interface RecoveryKit {
  /** `age1...`: goes into belay.yaml; opens nothing. */
  readonly recipient: string;
  /** `AGE-SECRET-KEY-1...`: opens every backup made for the recipient. */
  readonly identity: string;
  /** The file to print and to keep elsewhere. `age -d -i` reads it as it is. */
  readonly text: string;
}

/** A new key. Nothing is stored: whoever asks for it must. */
export async function createRecoveryKit({
  now,
  host,
}: {
  readonly now: number;
  readonly host: string;
}): Promise<RecoveryKit> {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  return { identity, recipient, text: kitText({ identity, recipient, now, host }) };
}

function kitText({
  identity,
  recipient,
  now,
  host,
}: {
  readonly identity: string;
  readonly recipient: string;
  readonly now: number;
  readonly host: string;
}): string {
  return [
    '# Belay recovery kit: the key to your backups. Keep it where the servers are not: paper, a password manager, a safe.',
    `# Made ${new Date(now).toISOString()} on ${host.replace(/[^\w.-]/g, '_')}.`,
    `# Recipient (goes into belay.yaml under backups.recipients): ${recipient}`,
    '#',
    '# Without this file nobody can open the backups, and neither can we. With it, no Belay is needed:',
    '#   age -d -i this-file artefact.zst.age | zstd -d -o restored',
    '#   SQLite: "restored" is the database. PostgreSQL: pg_restore --create -d postgres restored',
    '#',
    '# Try it now: belay backup kit check this-file artefact.zst.age',
    identity,
    '',
  ].join('\n');
}

const IDENTITY = /^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+$/;

/** The keys in a kit or any age identity file. Messages never show a line of it. */
export function readIdentities(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const found = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const wrong = found.findIndex((line) => !IDENTITY.test(line));
  if (found.length > 0 && wrong < 0 && found.length <= 100) return found;
  throw new BelayError('backup.key-wrong', 'This is not a recovery kit.', {
    hint: 'A kit holds a line that begins with AGE-SECRET-KEY-1. A recipient (age1...) opens nothing.',
  });
}

/** The recipient of each key. */
export async function recipientsOf(identities: readonly string[]): Promise<readonly string[]> {
  try {
    return await Promise.all(identities.map((identity) => identityToRecipient(identity)));
  } catch {
    // The cause may quote the key, so it is not passed on.
    throw new BelayError('backup.key-wrong', 'A key of the recovery kit has a typing error.', {
      hint: 'Its checksum does not hold. Compare it with the paper letter by letter.',
    });
  }
}

/** Opens a whole artefact with nothing but the kit, and says how many bytes were inside. */
export async function tryRecoveryKit(text: string, artefact: string): Promise<{ readonly bytes: number }> {
  const identities = readIdentities(text);
  await recipientsOf(identities);
  let bytes = 0;
  for await (const piece of ageDecrypt(identities)(createReadStream(artefact))) bytes += piece.length;
  return { bytes };
}
