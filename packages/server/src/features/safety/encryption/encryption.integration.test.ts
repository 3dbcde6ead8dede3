import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ageDecrypt, ageEncrypt } from './age-stream.ts';
import { createRecoveryKit, readIdentities, recipientsOf, type RecoveryKit, tryRecoveryKit } from './recovery-kit.ts';

// Debian's packages age and zstd; scripts/set-up.js installs them.
const isThere = ['/usr/bin/age', '/usr/bin/zstd'].every((program) => existsSync(program));
let folder: string;
let kit: RecoveryKit;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'belay-age-'));
  kit = await createRecoveryKit({ now: 0, host: 'shop-1' });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function* inChunks(content: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < content.length; from += size) yield content.subarray(from, from + size);
}
const collect = async (source: AsyncIterable<Buffer>): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
};
const encrypted = async (content: Buffer, recipients = [kit.recipient], size = 50_000): Promise<Buffer> =>
  collect(ageEncrypt(recipients)(inChunks(content, size)));
const decrypted = async (file: Buffer, identities = [kit.identity], size = 70_000): Promise<Buffer> =>
  collect(ageDecrypt(identities)(inChunks(file, size)));

describe('a stream', () => {
  test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])('of %i bytes comes back as it was', async (bytes) => {
    const content = randomBytes(bytes);
    const file = await encrypted(content);
    expect(await decrypted(file)).toEqual(content);
    expect(await decrypted(file, [kit.identity], 1000)).toEqual(content);
  });

  test('is opened by each recipient and by nobody else', async () => {
    const offline = await createRecoveryKit({ now: 0, host: 'safe' });
    const stranger = await createRecoveryKit({ now: 0, host: 'x' });
    const file = await encrypted(Buffer.from('secret'), [kit.recipient, offline.recipient]);
    expect((await decrypted(file, [offline.identity])).toString()).toBe('secret');
    expect((await decrypted(file, [stranger.identity, kit.identity])).toString()).toBe('secret');
    await expect(decrypted(file, [stranger.identity])).rejects.toMatchObject({ code: 'backup.key-wrong' });
    await expect(encrypted(Buffer.from('x'), [])).rejects.toMatchObject({ code: 'config.invalid' });
    await expect(encrypted(Buffer.from('x'), ['age1nonsense'])).rejects.toMatchObject({ code: 'config.invalid' });
  });

  test('that was changed or cut off anywhere is refused', async () => {
    const file = await encrypted(randomBytes(140_000));
    const places = [0, 30, 100, 210, 250, 65_800, 131_500, file.length - 1];
    for (const at of places) {
      const changed = Buffer.from(file);
      changed[at] = changed[at]! ^ 1;
      await expect(decrypted(changed), `bit at ${at}`).rejects.toMatchObject({
        code: expect.stringMatching(/^backup\.(corrupt|key-wrong)$/),
      });
    }
    const header = file.indexOf('\n--- ') + 49;
    for (const length of [0, 10, header + 5, header + 16, header + 16 + 65_552, header + 16 + 131_104, file.length - 1])
      await expect(decrypted(file.subarray(0, length)), `cut at ${length}`).rejects.toMatchObject({
        code: 'backup.corrupt',
      });
    await expect(decrypted(Buffer.concat([file, Buffer.from('x')]))).rejects.toMatchObject({ code: 'backup.corrupt' });
  });
});

test.skipIf(!isThere)('age and zstd alone give back a database that opens: no Belay is needed', async () => {
  const database = path.join(folder, 'shop.db');
  const db = new Database(database);
  db.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT)');
  const insert = db.prepare('INSERT INTO orders (note) VALUES (?)');
  db.transaction(() => {
    for (let row = 0; row < 5000; row += 1) insert.run(randomBytes(40).toString('hex'));
  })();
  db.close();
  const artefact = path.join(folder, 'shop.db.zst.age');
  await pipeline(
    createReadStream(database),
    createZstdCompress(),
    ageEncrypt([kit.recipient]),
    createWriteStream(artefact),
  );
  const kitFile = path.join(folder, 'kit.txt');
  await writeFile(kitFile, kit.text);
  const restored = path.join(folder, 'restored');
  const run = spawnSync('bash', [
    '-c',
    `set -o pipefail; age -d -i "$1" "$2" | zstd -d -o "$3"`,
    '-',
    kitFile,
    artefact,
    restored,
  ]);
  expect(run.status, run.stderr.toString()).toBe(0);
  expect(await readFile(restored)).toEqual(await readFile(database));
  const again = new Database(restored, { readonly: true });
  expect(again.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(again.prepare('SELECT count(*) AS n FROM orders').get()).toEqual({ n: 5000 });
  again.close();
  expect((await tryRecoveryKit(await readFile(kitFile, 'utf8'), artefact)).bytes).toBeGreaterThan(0);
});

test.skipIf(!isThere)('what age encrypts is opened here', async () => {
  const content = randomBytes(200_000);
  const file = path.join(folder, 'plain');
  await writeFile(file, content);
  expect(spawnSync('age', ['-r', kit.recipient, '-o', `${file}.age`, file]).status).toBe(0);
  expect(await decrypted(await readFile(`${file}.age`))).toEqual(content);
});

describe('a recovery kit', () => {
  test('holds one key, tells its recipient and how to use it, and is read back', async () => {
    expect(readIdentities(kit.text)).toEqual([kit.identity]);
    expect(await recipientsOf([kit.identity])).toEqual([kit.recipient]);
    expect(kit.text).toContain(kit.recipient);
    expect(kit.text).toContain('age -d -i');
  });

  test('with a typing error is told as such, without showing the key', async () => {
    const typo = kit.identity.replace(/.$/, (last) => (last === 'Q' ? 'P' : 'Q'));
    const error: unknown = await tryRecoveryKit(typo, '/none').catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'backup.key-wrong', message: expect.stringContaining('typing error') });
    expect(JSON.stringify([error, String(error)])).not.toContain(typo.slice(20, 40));
    expect(() => readIdentities(kit.recipient)).toThrow('not a recovery kit');
    expect(() => readIdentities('# nothing\n')).toThrow('not a recovery kit');
  });

  test('that does not fit is found out before it is needed', async () => {
    const stranger = await createRecoveryKit({ now: 0, host: 'x' });
    const artefact = path.join(folder, 'a.age');
    await writeFile(artefact, await encrypted(randomBytes(1000)));
    expect(await tryRecoveryKit(kit.text, artefact)).toEqual({ bytes: 1000 });
    await expect(tryRecoveryKit(stranger.text, artefact)).rejects.toMatchObject({ code: 'backup.key-wrong' });
  });
});
