// Faults against the real backup cycle; after each, what Belay claims is compared with what an independent judge finds at
// the places. A false claim is a backup that counts as proven, or a copy that is shown as verified, and cannot be restored
// to the rows of the live database. `npm run bench -- backup-faults [--faults 1000] [--seed 1] [--quick]`
import { spawnSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { createRandom, type FakeS3, type Random, type S3Fault, startFakeS3 } from '@belay/testkit';
import { type Claim, claims, contentOf, makeDatabase, openWorld, type World } from './backup-faults/world.ts';
import { createRecoveryKit } from '../packages/server/src/features/safety/encryption/recovery-kit.ts';
import { ageDecrypt } from '../packages/server/src/features/safety/encryption/age-stream.ts';

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const total = values.quick ? 40 : Number(values.faults);
const random = createRandom(Number(values.seed));
const root = mkdtempSync(path.join(os.tmpdir(), 'belay-bench-faults-'));

interface Tally {
  faults: number;
  /** Faults after which Belay called something proven that was not. */
  falseProven: number;
  falseVerified: number;
  /** Faults after which a proven backup was there all the same: another copy, a retry, or the fault did no harm. */
  stillProven: number;
  readonly notes: Record<string, number>;
}
const tallies = new Map<string, Tally>();
const examples: string[] = [];

/** Share of all faults, and what injects one after another. */
const kinds: readonly (readonly [string, number, (count: number, name: string) => Promise<void>])[] = [
  ['kill -9', 0.06, killAnywhere],
  ['a destination that lies', 0.06, lie],
  ['a lost destination', 0.03, loseDestination],
  ['disk full', 0.02, fillDisk],
  ['clock jumps of a year', 0.02, jumpClock],
  ['a wrong key', 0.02, useWrongKey],
  ['a damaged source', 0.02, damageSource],
  ['tampered manifests', 0.13, tamper],
  ['bit flips', 0.3, (count, name) => damage(count, name, flip)],
  ['truncation', 0.2, (count, name) => damage(count, name, cut)],
  ['torn copies', 0.14, (count, name) => damage(count, name, tear)],
];

const started = performance.now();
try {
  // Two at a time: the work is done by processes of their own, and most of it is waiting for them.
  const left = kinds.filter(([name]) => values.only === undefined || values.only === name);
  const work = async (): Promise<void> => {
    for (let kind = left.shift(); kind !== undefined; kind = left.shift()) {
      const [name, share, inject] = kind;
      tallies.set(name, { faults: 0, falseProven: 0, falseVerified: 0, stillProven: 0, notes: {} });
      await inject(Math.max(1, Math.round(total * share)), name);
      process.stdout.write(`${name}: ${JSON.stringify(tallies.get(name))}\n`);
    }
  };
  await Promise.all([work(), work()]);
} finally {
  rmSync(root, { recursive: true, force: true });
}
const sum = (of: (tally: Tally) => number): number => [...tallies.values()].reduce((all, tally) => all + of(tally), 0);
const report = {
  name: 'backup-faults',
  date: new Date().toISOString(),
  machine: { cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length, node: process.version },
  goal: '0 false "proven" in 1,000 injected faults',
  seed: Number(values.seed),
  seconds: Math.round((performance.now() - started) / 1000),
  faults: sum(({ faults }) => faults),
  falseProven: sum(({ falseProven }) => falseProven),
  falseVerified: sum(({ falseVerified }) => falseVerified),
  examples: examples.slice(0, 20),
  kinds: Object.fromEntries(tallies),
};
if (!values.quick && values.only === undefined) {
  mkdirSync(path.join(import.meta.dirname, 'results'), { recursive: true });
  writeFileSync(
    path.join(import.meta.dirname, 'results', 'backup-faults.json'),
    `${JSON.stringify(report, null, 2)}\n`,
  );
}
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
process.exitCode = report.falseProven + report.falseVerified === 0 ? 0 : 1;

function judge(name: string, found: readonly Claim[], note?: string): void {
  const tally = tallies.get(name);
  if (tally === undefined) return;
  tally.faults += 1;
  if (note !== undefined) tally.notes[note] = (tally.notes[note] ?? 0) + 1;
  for (const claim of found) {
    const verified = claim.copies.filter(({ isVerified }) => isVerified);
    if (claim.isProven && !verified.some(({ isTrue }) => isTrue)) {
      tally.falseProven += 1;
      examples.push(`${name}: ${JSON.stringify(claim)}`);
    }
    if (verified.some(({ isTrue }) => !isTrue)) {
      tally.falseVerified += 1;
      examples.push(`${name}: ${JSON.stringify(claim)}`);
    }
  }
  if (found.some(({ isProven }) => isProven)) tally.stillProven += 1;
}

function freshFolder(): string {
  return mkdtempSync(path.join(root, 'w-'));
}

async function backUp(world: World, drill = true) {
  const operation = await world.backups.backup({ source: 'bot', drill }, 'bench');
  return world.backups.operations.ended(operation.id);
}

async function only(world: World) {
  const [entry] = await world.backups.context.catalogue.entries();
  if (entry === undefined) throw new Error('there is no backup');
  return entry;
}

function flip(bytes: Buffer, r: Random): Buffer {
  const changed = Buffer.from(bytes);
  const at = Math.floor(r.uniform() * changed.length);
  changed[at] = changed[at]! ^ (1 << Math.floor(r.uniform() * 8));
  return changed;
}

function cut(bytes: Buffer, r: Random): Buffer {
  return bytes.subarray(0, Math.floor(r.uniform() * bytes.length));
}

/** A stretch of another state, or of nothing, as after a copy that was cut in two. */
function tear(bytes: Buffer, r: Random): Buffer {
  const changed = Buffer.from(bytes);
  const from = Math.floor(r.uniform() * changed.length);
  const length = Math.min(changed.length - from, 1 + Math.floor(r.uniform() * 4096));
  if (r.uniform() < 0.5) changed.fill(0, from, from + length);
  else changed.copy(changed, from, 0, length);
  return changed;
}

/** What lies at one place or at both is damaged after the backup was proven; then it is looked at again. */
async function damage(count: number, name: string, change: (bytes: Buffer, r: Random) => Buffer): Promise<void> {
  const folder = freshFolder();
  const world = await openWorld({ folder, catalogue: ':memory:' });
  await backUp(world);
  const entry = await only(world);
  const wanted = contentOf(world.live);
  const files = ['near', 'far'].map((place) => path.join(folder, place, entry.manifest.artefact.object));
  const good = readFileSync(files[0]!);
  for (let fault = 0; fault < count; fault += 1) {
    const isBoth = random.uniform() < 0.5;
    for (const file of isBoth ? files : files.slice(0, 1)) writeFileSync(file, change(good, random));
    if (random.uniform() < 0.8 && !isBoth)
      await ended(world, await world.backups.drill(entry.manifest.id, 'near', 'bench'));
    else await ended(world, await world.backups.verify(entry.manifest.id, 'bench'));
    judge(name, await claims(world, wanted), isBoth ? 'both places' : 'one place');
    for (const file of files) writeFileSync(file, good);
    for (const copy of entry.copies) await world.backups.context.catalogue.saveCopy(entry.manifest.id, copy);
  }
  await world.close();
}

async function ended(world: World, operation: { readonly id: string }) {
  return world.backups.operations.ended(operation.id);
}

/** The manifests at both places are changed, and a new Belay that knows nothing reads them and drills. */
async function tamper(count: number, name: string): Promise<void> {
  const folder = freshFolder();
  const world = await openWorld({ folder, catalogue: ':memory:' });
  await backUp(world);
  await backUp(world, false);
  const [, first] = await world.backups.context.catalogue.entries();
  if (first === undefined) throw new Error('two backups were made');
  const wanted = contentOf(world.live);
  await world.close();
  const pristine = path.join(root, 'pristine');
  cpSync(folder, pristine, { recursive: true });
  const { manifest, text } = first;
  for (let fault = 0; fault < count; fault += 1) {
    const [what, changed] = forge(text, random);
    for (const place of ['near', 'far'])
      writeFileSync(path.join(folder, place, `bot/${manifest.id}.manifest.json`), changed);
    // Some forgers also have the artefact changed, so that it fits what the manifest now says.
    const anew = await openWorld({ folder, catalogue: ':memory:' });
    const rebuild = await ended(anew, await anew.backups.rebuild('bench'));
    await anew.backups.drill(manifest.id, undefined, 'bench').then(
      (drill) => ended(anew, drill),
      () => undefined,
    );
    const found = await claims(anew, wanted);
    const isTold = found.find(({ backup }) => backup === manifest.id)?.isProven !== true;
    judge(name, forgedClaims(found, manifest.id), `${what}: ${isTold ? 'told' : `believed (${rebuild.state})`}`);
    await anew.close();
    for (const place of ['near', 'far']) {
      rmSync(path.join(folder, place), { recursive: true });
      cpSync(path.join(pristine, place), path.join(folder, place), { recursive: true });
    }
  }
  rmSync(pristine, { recursive: true });
}

/** A backup with a forged manifest must not count, even when its artefact is whole. */
function forgedClaims(found: readonly Claim[], forged: string): readonly Claim[] {
  return found.map((claim) =>
    claim.backup === forged
      ? {
          ...claim,
          copies: claim.copies.map((copy) => ({
            ...copy,
            isVerified: claim.isProven && copy.isVerified,
            isTrue: false,
          })),
        }
      : claim,
  );
}

function forge(text: string, r: Random): readonly [string, string] {
  const choices: readonly (readonly [string, (from: string) => string])[] = [
    ['rows', (from) => from.replace(/"rows": 400/, `"rows": ${Math.floor(r.uniform() * 400)}`)],
    ['hash of the content', (from) => from.replace(/("raw": \{[^}]*"sha256": ")[0-9a-f]{8}/, '$100000000')],
    ['hash of the artefact', (from) => from.replace(/("object"[^}]*"sha256": ")[0-9a-f]{8}/, '$100000000')],
    ['schema', (from) => from.replace(/("schemaHash": ")[0-9a-f]{8}/, '$100000000')],
    ['time', (from) => from.replace(/"snapshotAt": \d+/, `"snapshotAt": ${Date.now() + 1000}`)],
    ['reason', (from) => from.replace('"reason": "manual"', '"reason": "pre-migration"')],
    ['cut off', (from) => from.slice(0, Math.floor(from.length * r.uniform()))],
    ['white space', (from) => `${from} `],
  ];
  const [what, change] = choices[Math.floor(r.uniform() * choices.length)]!;
  return [what, change(text)];
}

async function lie(count: number, name: string): Promise<void> {
  const faults: readonly S3Fault[] = ['lose', 'truncate', 'flip', 'truncate-secretly', 'lose-answer', 'cut'];
  const users = [
    { accessKeyId: 'ALL', secretAccessKey: 'secret', allows: ['read', 'write', 'remove', 'list'] },
  ] as const;
  const s3: FakeS3 = await startFakeS3({ bucket: 'backups', region: 'eu-1', users });
  const folder = freshFolder();
  const world = await openWorld({ folder, catalogue: ':memory:', s3 });
  const wanted = contentOf(world.live);
  for (let fault = 0; fault < count; fault += 1) {
    const chosen = faults[fault % faults.length]!;
    s3.break(chosen);
    await backUp(world, random.uniform() < 0.5);
    s3.break(null);
    judge(name, (await claims(world, wanted, { s3 })).slice(0, 1), chosen);
    await forget(world);
  }
  await world.close();
  await s3.close();
}

/** Forgets backups that were judged, so that the next is judged alone and the catalogue stays small. */
async function forget(world: World): Promise<void> {
  for (const { manifest } of await world.backups.context.catalogue.entries())
    await world.backups.context.catalogue.setState(manifest.id, 'removed');
}

async function loseDestination(count: number, name: string): Promise<void> {
  const folder = freshFolder();
  const world = await openWorld({ folder, catalogue: ':memory:' });
  const wanted = contentOf(world.live);
  for (let fault = 0; fault < count; fault += 1) {
    const isDuring = random.uniform() < 0.5;
    const lost = random.uniform() < 0.8 ? ['far'] : ['near', 'far'];
    const go = (): void => {
      for (const place of lost)
        if (existsSync(path.join(folder, place)))
          renameSync(path.join(folder, place), path.join(folder, `${place}-away`));
    };
    const timer = isDuring ? setTimeout(go, random.uniform() * 800) : undefined;
    if (!isDuring) go();
    await backUp(world);
    clearTimeout(timer);
    go();
    for (const entry of (await world.backups.context.catalogue.entries()).slice(0, 1))
      await ended(world, await world.backups.verify(entry.manifest.id, 'bench'));
    judge(name, (await claims(world, wanted)).slice(0, 1), `${isDuring ? 'during' : 'before'}, ${lost.length} of 2`);
    for (const place of lost) renameSync(path.join(folder, `${place}-away`), path.join(folder, place));
    await forget(world);
  }
  await world.close();
}

/** The process of a backup is killed at a random moment; a new one goes on, and its claims are judged. */
async function killAnywhere(count: number, name: string): Promise<void> {
  const program = path.join(import.meta.dirname, 'backup-faults', 'cycle.ts');
  const folder = freshFolder();
  makeDatabase(path.join(folder, 'bot.db'), 400);
  const content = contentOf(path.join(folder, 'bot.db'));
  for (let fault = 0; fault < count; fault += 1) {
    const child = fork(program, [folder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const exit = once(child, 'exit');
    // A cycle says about 16 times that a step begins or ends.
    const wanted = fault % 16;
    let told = 0;
    let at = 'before the first step';
    child.on('message', (message) => {
      at = (typeof message === 'string' ? message : '').replace(/ of the copy at.*? | at .*? (?=running|done)/, ' ');
      if (told++ === wanted) setTimeout(() => child.kill('SIGKILL'), random.uniform() * 120);
    });
    await exit;
    const world = await openWorld({ folder, catalogue: path.join(folder, 'catalogue.db') });
    for (const running of world.backups.operations.running()) await ended(world, running);
    judge(name, (await claims(world, content)).slice(0, 1), child.signalCode === null ? 'it was done before' : at);
    await forget(world);
    await world.close();
  }
}

/** Work folder or a place on a tmpfs that is too small; as root only. */
async function fillDisk(count: number, name: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const folder = freshFolder();
  for (const place of ['far', 'work']) mkdirSync(path.join(folder, place));
  for (let fault = 0; fault < count; fault += 1) {
    const isWork = fault % 2 === 1;
    const mount = path.join(folder, isWork ? 'work' : 'far');
    const kilobytes = 16 + Math.floor(random.uniform() * (isWork ? 700 : 80));
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', mount]).status !== 0) return;
    try {
      const world = await openWorld({ folder, catalogue: ':memory:' });
      const wanted = contentOf(world.live);
      const operation = await backUp(world);
      judge(
        name,
        await claims(world, wanted),
        `${isWork ? 'work folder' : 'a place'}: ${operation.failure?.code ?? 'done'}`,
      );
      await world.close();
    } finally {
      spawnSync('umount', [mount]);
    }
    for (const place of ['near', 'far']) rmSync(path.join(folder, place), { recursive: true, force: true });
    mkdirSync(path.join(folder, 'far'));
  }
}

/** Backups, drills and retention while the clock jumps to and fro; nothing proven may go, nothing false may come. */
async function jumpClock(count: number, name: string): Promise<void> {
  const year = 365 * 86_400_000;
  const folder = freshFolder();
  const world = await openWorld({ folder, catalogue: ':memory:' });
  const wanted = contentOf(world.live);
  let proven = 0;
  for (let fault = 0; fault < count; fault += 1) {
    world.clock.advance((random.uniform() < 0.5 ? -1 : 1) * year * (random.uniform() < 0.2 ? 0.01 : 1));
    await backUp(world, random.uniform() < 0.5);
    await ended(world, await world.backups.retain('bench'));
    const found = await claims(world, wanted);
    const now = found.filter(({ isProven }) => isProven).length;
    judge(name, found, now < proven ? 'fewer proven' : 'as many or more proven');
    proven = now;
  }
  await world.close();
}

/** Encrypted for one key, drilled with another, or with none. */
async function useWrongKey(count: number, name: string): Promise<void> {
  const folder = freshFolder();
  const [kit, other] = [await createRecoveryKit({ now: 0, host: 'a' }), await createRecoveryKit({ now: 0, host: 'b' })];
  const right = path.join(folder, 'right.txt');
  const wrong = path.join(folder, 'wrong.txt');
  writeFileSync(right, kit.text);
  writeFileSync(wrong, other.text);
  const open = async (bytes: Buffer): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    const source = (async function* whole() {
      yield bytes;
    })();
    for await (const piece of ageDecrypt([other.identity])(source)) pieces.push(piece);
    return Buffer.concat(pieces);
  };
  for (let fault = 0; fault < count; fault += 1) {
    const changed = { recipients: [kit.recipient], identityFile: fault % 2 === 0 ? wrong : null };
    const world = await openWorld({ folder, catalogue: ':memory:', changed });
    const wanted = contentOf(world.live);
    await backUp(world);
    for (const entry of (await world.backups.context.catalogue.entries()).slice(0, 1))
      await ended(world, await world.backups.drill(entry.manifest.id, undefined, 'bench'));
    // Copies may be whole, and verified as such; nobody here can open them, so nothing is proven.
    const found = (await claims(world, wanted, { open })).map((claim) => ({
      ...claim,
      copies: claim.copies.map((copy) => ({ ...copy, isVerified: claim.isProven && copy.isVerified })),
    }));
    judge(name, found, fault % 2 === 0 ? 'another key' : 'no key');
    await world.close();
    for (const place of ['near', 'far']) rmSync(path.join(folder, place), { recursive: true });
  }
}

/** Pages of the live database are destroyed before it is backed up. */
async function damageSource(count: number, name: string): Promise<void> {
  for (let fault = 0; fault < count; fault += 1) {
    const folder = freshFolder();
    const live = path.join(folder, 'bot.db');
    makeDatabase(live, 400);
    const wanted = contentOf(live);
    const bytes = readFileSync(live);
    const page = 1 + Math.floor(random.uniform() * (bytes.length / 4096 - 1));
    bytes.fill(0, page * 4096, page * 4096 + (random.uniform() < 0.5 ? 512 : 4096));
    writeFileSync(live, bytes);
    const world = await openWorld({ folder, catalogue: ':memory:' });
    const ended = await backUp(world);
    judge(name, (await claims(world, wanted)).map(onlyProven), ended.failure?.code ?? 'no failure told');
    await world.close();
    rmSync(folder, { recursive: true });
  }
}

/** A copy can be whole, and what it is a copy of be damaged; only the claim that it is proven is false then. */
function onlyProven(claim: Claim): Claim {
  return { ...claim, copies: claim.copies.map((copy) => ({ ...copy, isVerified: claim.isProven && copy.isVerified })) };
}
