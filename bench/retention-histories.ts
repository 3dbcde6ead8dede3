// Random years of backups: failures, copies that are never proven or go bad, clocks that jump by a year, duplicate names,
// restarts, pins. After every run of retention the promises are checked against a model that knows the true time. The
// same histories go through "delete what is older than 7 days" and "keep the newest 7", which shipped products do.
// `npm run bench -- retention-histories [--histories 100000] [--quick]`
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  type BackupCopy,
  type BackupRetention,
  type ClockTrust,
  defaultBackupRetention,
  nextClockTrust,
  planRetention,
  requireSafePlan,
} from '@belay/core/backup';
import { createRandom, type Random } from '@belay/testkit';

const { values } = parseArgs({
  options: { histories: { type: 'string', default: '100000' }, quick: { type: 'boolean', default: false } },
});
const histories = values.quick ? 2000 : Number(values.histories);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
const START = Date.parse('2026-01-01T03:17:00Z');

interface World {
  /** Time as it really is, ms. */
  trueNow: number;
  /** What the wall clock says is wrong by. */
  offset: number;
  sequence: number;
  isFailing: boolean;
  isRestarted: boolean;
  lookedAt: number;
  trust: ClockTrust | null;
  readonly files: Map<string, Held>;
}

interface Held {
  readonly copy: BackupCopy;
  /** True time of the mark. */
  readonly markedTrue: number | null;
}

interface Totals {
  runs: number;
  removed: number;
  marked: number;
  frozenRuns: number;
  jumps: number;
  failures: number;
  mostCopies: number;
  leastGraceHours: number;
  readonly violations: string[];
}

const totals: Totals = {
  runs: 0,
  removed: 0,
  marked: 0,
  frozenRuns: 0,
  jumps: 0,
  failures: 0,
  mostCopies: 0,
  leastGraceHours: Number.POSITIVE_INFINITY,
  violations: [],
};
const peers = { olderThan7Days: 0, newest7: 0 };
const started = performance.now();
for (let seed = 1; seed <= histories; seed += 1) live(seed);
const seconds = (performance.now() - started) / 1000;

const report = {
  name: 'retention-histories',
  date: new Date().toISOString(),
  machine: { cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length, node: process.version },
  histories,
  seconds: Math.round(seconds),
  goal: 'never fewer than min_proven because of retention, the newest proven never deleted: 0 violations',
  violations: totals.violations.length,
  examples: totals.violations.slice(0, 10),
  runs: totals.runs,
  frozenRuns: totals.frozenRuns,
  marked: totals.marked,
  removed: totals.removed,
  failures: totals.failures,
  clockJumps: totals.jumps,
  mostCopiesAtOnce: totals.mostCopies,
  leastTrueGraceHours: Math.round(totals.leastGraceHours * 100) / 100,
  peers: {
    what: 'histories in which the rule would have deleted the newest proven backup',
    ...peers,
  },
};
const folder = path.join(import.meta.dirname, 'results');
mkdirSync(folder, { recursive: true });
const file = values.quick ? 'retention-histories-quick.json' : 'retention-histories.json';
if (!values.quick) writeFileSync(path.join(folder, file), `${JSON.stringify(report, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
process.exitCode = report.violations === 0 ? 0 : 1;

function live(seed: number): void {
  const random = createRandom(seed);
  const retention = retentionOf(random);
  const world: World = {
    trueNow: START,
    offset: 0,
    sequence: 0,
    isFailing: false,
    isRestarted: true,
    lookedAt: START,
    trust: null,
    files: new Map(),
  };
  const wasLost = { olderThan7Days: false, newest7: false };
  const steps = 20 + Math.floor(random.uniform() * 100);
  const failureRate = random.uniform() < 0.3 ? 0.7 : 0.1;
  for (let step = 0; step < steps; step += 1) {
    world.trueNow += random.uniform() < 0.1 ? random.uniform() * 40 * DAY : (0.2 + random.uniform()) * DAY;
    disturb(world, random);
    backUp(world, random, failureRate);
    // A watch looks every minute; what matters here is the last look before retention runs.
    look(world);
    if (random.uniform() < 0.7) run(world, retention, seed);
    judgePeers(world, wasLost);
  }
  if (wasLost.olderThan7Days) peers.olderThan7Days += 1;
  if (wasLost.newest7) peers.newest7 += 1;
}

function retentionOf(random: Random): BackupRetention {
  if (random.uniform() < 0.5) return defaultBackupRetention;
  const upTo = (most: number): number => Math.floor(random.uniform() * (most + 1));
  return {
    ...defaultBackupRetention,
    last: upTo(2),
    daily: upTo(4),
    weekly: upTo(2),
    monthly: upTo(2),
    preMigration: upTo(2),
    minProven: upTo(5),
    maxShare: [0.1, 0.5, 1][upTo(2)] ?? 0.5,
  };
}

function disturb(world: World, random: Random): void {
  const chance = random.uniform();
  if (chance < 0.02) jump(world, (random.uniform() < 0.5 ? -1 : 1) * YEAR);
  else if (chance < 0.03) jump(world, (random.uniform() - 0.5) * 10 * DAY);
  else if (chance < 0.06) jump(world, -world.offset);
  if (random.uniform() < 0.1) world.isRestarted = true;
  for (const [name, { copy, markedTrue }] of world.files) {
    if (copy.state === 'proven' && random.uniform() < 0.003)
      world.files.set(name, { copy: { ...copy, state: 'bad' }, markedTrue });
    if (copy.pins.length > 0 && random.uniform() < 0.05)
      world.files.set(name, { copy: { ...copy, pins: [] }, markedTrue });
  }
}

function jump(world: World, byMs: number): void {
  if (byMs !== 0) totals.jumps += 1;
  world.offset += byMs;
}

function backUp(world: World, random: Random, failureRate: number): void {
  world.isFailing = random.uniform() < failureRate;
  world.sequence += 1;
  if (world.isFailing) {
    totals.failures += 1;
    return;
  }
  const { sequence } = world;
  for (const destination of ['disk', 'bucket']) {
    const state = random.uniform();
    // A name that was used before, as after a catalogue that was rebuilt: one file, two entries.
    const isDuplicate = random.uniform() < 0.03 && sequence > 1;
    const object = `bot/${isDuplicate ? 1 + Math.floor(random.uniform() * (sequence - 1)) : sequence}`;
    const copy: BackupCopy = {
      backup: `bot-${sequence}`,
      source: 'bot',
      destination,
      object,
      sequence,
      takenAt: world.trueNow + world.offset,
      state: state < 0.8 ? 'proven' : state < 0.93 ? 'unproven' : 'bad',
      reason: random.uniform() < 0.1 ? 'pre-migration' : 'schedule',
      pins: random.uniform() < 0.02 ? ['incident:1'] : [],
      bytes: 1,
      markedAt: null,
    };
    world.files.set(`${destination}/${sequence}`, { copy, markedTrue: null });
  }
}

function look(world: World): void {
  const now = world.trueNow + world.offset;
  const elapsedMs = world.isRestarted ? null : world.trueNow - world.lookedAt;
  world.trust = nextClockTrust(world.trust, { now, elapsedMs });
  world.lookedAt = world.trueNow;
  world.isRestarted = false;
}

function run(world: World, retention: BackupRetention, seed: number): void {
  const { trust } = world;
  if (trust === null) return;
  const copies = [...world.files.values()].map(({ copy }) => copy);
  const input = {
    copies,
    retentionOf: () => retention,
    now: world.trueNow + world.offset,
    clock: trust,
    failing: new Set(world.isFailing ? ['bot'] : []),
  };
  const before = provenFiles(world);
  const plan = planRetention(input);
  requireSafePlan(plan, input);
  totals.runs += 1;
  if (plan.frozen !== null) totals.frozenRuns += 1;
  const blame = (what: string): void => void totals.violations.push(`history ${seed}, run ${totals.runs}: ${what}`);
  for (const { copy, action } of plan.steps) {
    const name = `${copy.destination}/${copy.sequence}`;
    const held = world.files.get(name);
    if (held === undefined) continue;
    if (action === 'mark') {
      totals.marked += 1;
      world.files.set(name, { copy: { ...copy, markedAt: input.now }, markedTrue: world.trueNow });
    } else if (action === 'unmark') world.files.set(name, { copy: { ...copy, markedAt: null }, markedTrue: null });
    else if (action === 'remove') {
      totals.removed += 1;
      const graceHours = (world.trueNow - (held.markedTrue ?? world.trueNow)) / HOUR;
      totals.leastGraceHours = Math.min(totals.leastGraceHours, graceHours);
      if (graceHours < 22) blame(`removed after ${graceHours} true hours`);
      if (copy.pins.length > 0) blame('removed a pinned copy');
      if (world.isFailing) blame('removed while the latest backup failed');
      // The file goes, and with it whatever any entry said of it.
      for (const [key, other] of world.files)
        if (other.copy.destination === copy.destination && other.copy.object === copy.object) world.files.delete(key);
    }
  }
  totals.mostCopies = Math.max(totals.mostCopies, world.files.size);
  const after = provenFiles(world);
  for (const [destination, { files, newest }] of before) {
    const now = after.get(destination);
    const least = Math.min(files.size, Math.max(1, retention.minProven));
    if ((now?.files.size ?? 0) < least) blame(`${destination}: ${now?.files.size ?? 0} proven left of ${files.size}`);
    if (now?.newest !== newest) blame(`${destination}: the newest proven went`);
  }
}

/** Proven as a reader who distrusts duplicate names would count: a file with one bad word about it does not count. */
function provenFiles(world: World) {
  const found = new Map<string, { readonly files: Set<string>; newest: string }>();
  const held = [...world.files.values()].map(({ copy }) => copy);
  for (const [destination, copies] of Map.groupBy(held, (copy) => copy.destination)) {
    const doubtful = new Set(copies.filter(({ state }) => state !== 'proven').map(({ object }) => object));
    const proven = copies.filter(({ object }) => !doubtful.has(object)).sort((a, b) => b.sequence - a.sequence);
    const [first] = proven;
    if (first === undefined) continue;
    found.set(destination, { files: new Set(proven.map(({ object }) => object)), newest: first.object });
  }
  return found;
}

/** What the rules of others would delete at this moment, by wall clock, whatever is proven. */
function judgePeers(world: World, lost: { olderThan7Days: boolean; newest7: boolean }): void {
  const now = world.trueNow + world.offset;
  const all = [...world.files.values()].map(({ copy }) => copy).filter(({ destination }) => destination === 'disk');
  const proven = all.filter(({ state }) => state === 'proven').sort((a, b) => b.sequence - a.sequence);
  const [newest] = proven;
  if (newest === undefined) return;
  if (now - newest.takenAt > 7 * DAY) lost.olderThan7Days = true;
  const byClock = all.toSorted((a, b) => b.takenAt - a.takenAt).slice(0, 7);
  if (!byClock.includes(newest)) lost.newest7 = true;
}
