import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Destination } from './destination.ts';
import { fetchObject } from './fetch-object.ts';

test('a copy whose disk gives its bytes no more is a damaged copy; a place that is away says nothing of it', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'belay-fetch-'));
  const fetchFailing = (error: Error): Promise<void> => {
    const read = async (): Promise<Readable> =>
      new Readable({
        read() {
          this.destroy(error);
        },
      });
    const destination = { name: 'near', read } as unknown as Destination;
    return fetchObject(destination, 'bot/x', path.join(folder, 'x'), { expected: { bytes: 1, sha256: '' } });
  };
  try {
    const eio = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' });
    await expect(fetchFailing(eio)).rejects.toMatchObject({ code: 'backup.corrupt' });
    const away = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
    await expect(fetchFailing(away)).rejects.toBe(away);
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
