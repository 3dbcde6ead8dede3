import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isBelayError } from '@belay/core';
import type { CallOptions, Destination } from './destination.ts';
import { proveCopy } from './prove-copy.ts';

/** What a destination allows, found out by doing it. */
export interface DestinationStatus {
  readonly name: string;
  readonly uri: string;
  /** `write-only` stores but cannot be read, so that nothing there is ever proven. */
  readonly state: 'ok' | 'write-only' | 'failing';
  readonly checkedAt: number;
  /** What is wrong, in a sentence; null when all is well. */
  readonly problem: string | null;
  readonly hint: string | null;
  /** False for credentials that may not delete: retention then leaves the removing to the bucket's own rules. */
  readonly canRemove: boolean;
}

/** Stores a small object, reads it back and removes it. Never rejects, except when `signal` is aborted. */
export async function checkDestination(
  destination: Destination,
  { now, signal }: CallOptions & { readonly now: number },
): Promise<DestinationStatus> {
  const { name, uri } = destination;
  const result = (
    state: DestinationStatus['state'],
    problem: unknown = null,
    canRemove = false,
  ): DestinationStatus => ({
    name,
    uri,
    state,
    checkedAt: now,
    problem: problem instanceof Error ? problem.message : typeof problem === 'string' ? problem : null,
    hint: isBelayError(problem) ? (problem.hint ?? null) : null,
    canRemove,
  });
  const folder = await mkdtemp(path.join(os.tmpdir(), 'belay-check-'));
  try {
    const file = path.join(folder, 'probe');
    const content = randomBytes(1024);
    const object = `belay-check/${now}-${content.toString('hex', 0, 8)}`;
    const sha256 = createHash('sha256').update(content).digest('hex');
    await writeFile(file, content);
    await destination.put(file, object, { sha256, signal });
    const proof = await proveCopy(destination, object, { bytes: content.length, sha256 }, { signal, depth: 'full' });
    const removal: unknown = await destination.remove(object, { signal }).then(
      () => null,
      (error: unknown) => error,
    );
    if (proof.outcome === 'verified') return result('ok', removal, removal === null);
    if (proof.outcome === 'unverified') return result('write-only', proof.reason, removal === null);
    return result('failing', proof.reason, removal === null);
  } catch (error) {
    if (signal?.aborted === true) throw error;
    return result('failing', error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
