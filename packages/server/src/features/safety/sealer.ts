import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { BelayError } from '@belay/core';
import { keepPartial } from '../../platform/files/keep-partial.ts';
import type { Sealer } from './backup-context.ts';
import type { BackupSettings } from './backup-settings.ts';
import { ageDecrypt, ageEncrypt, type ByteStage } from './encryption/age-stream.ts';
import { readIdentities } from './encryption/recovery-kit.ts';

/** Encryption as configured; null when backups are not encrypted. */
export function createSealer({
  recipients,
  identityFile,
}: Pick<BackupSettings, 'recipients' | 'identityFile'>): Sealer | null {
  if (recipients.length === 0 && identityFile === null) return null;
  const identities = identityFile === null ? [] : readIdentities(readFileSync(identityFile, 'utf8'));
  return {
    recipients,
    canOpen: identities.length > 0,
    seal: (from, to, signal) => convert({ from, to, stage: ageEncrypt(recipients), signal }),
    async open(from, to, signal) {
      if (identities.length === 0)
        throw new BelayError('backup.key-wrong', 'The backup is encrypted and no key is at hand.', {
          hint: 'Name `backups.identity_file` in belay.yaml, or restore with the recovery kit.',
        });
      await convert({ from, to, stage: ageDecrypt(identities), signal });
    },
  };
}

interface Conversion {
  readonly from: string;
  readonly to: string;
  readonly stage: ByteStage;
  readonly signal: AbortSignal | undefined;
}

async function convert({ from, to, stage, signal }: Conversion): Promise<void> {
  const partial = `${to}.partial`;
  try {
    const source = createReadStream(from, { highWaterMark: 1 << 20 });
    const target = createWriteStream(partial, { mode: 0o600, highWaterMark: 1 << 20 });
    await pipeline(source, stage, target, signal === undefined ? {} : { signal });
    await keepPartial(partial, to);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
