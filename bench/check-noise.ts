// How many messages simulated histories of checks make, and how fast an outage is told: the rules of `@belay/core/health`
// beside two common ones. `--quick` plays 1,200 histories instead of 12,000.
import {
  type CheckState,
  type IncidentBook,
  newCheckState,
  nextRunMs,
  observe,
  settle,
  type WatchedCheck,
} from '@belay/core/health';
import { createRandom } from './statistics/random.ts';
import { publish, quantile, type Row } from './statistics/report.ts';

const isQuick = process.argv.includes('--quick');
const PER_KIND = isQuick ? 200 : 2000;
const SEED = 11;
const HOURS = 6;
const MINUTE = 60_000;

interface Outage {
  readonly from: number;
  readonly to: number;
}
interface History {
  /** Trouble of the thing itself; every dependent check fails with it. */
  readonly outages: readonly Outage[];
  /** Chance that one run fails although nothing is wrong; never two of them within the window of 21. */
  readonly loneEvery: number;
  /** Chance that a run succeeds during an outage. */
  readonly straySuccess: number;
  /** Whether it goes to and fro, in runs of so many minutes. */
  readonly flapping: readonly Outage[];
  /** Checks that need the first one. */
  readonly children: number;
  readonly everyMs: number;
}
interface Tally {
  pages: number;
  reminders: number;
  naive: number;
  threeInARow: number;
  detections: number[];
  outages: number;
  /** Outages with more than one page, single failures with any, flapping stretches with more than two. */
  broken: number;
}

const kinds: readonly (readonly [name: string, make: (random: () => number) => History])[] = [
  ['healthy', (random) => history(random, {})],
  ['single failures', (random) => history(random, { loneEvery: 8 + Math.floor(random() * 30) })],
  ['outages', (random) => history(random, { outages: someOutages(random) })],
  ['outages with 20 dependent checks', (random) => history(random, { outages: someOutages(random), children: 20 })],
  [
    'outages among single failures, with stray successes',
    (random) => history(random, { outages: someOutages(random), loneEvery: 25, straySuccess: 0.04 }),
  ],
  ['flapping', (random) => history(random, { flapping: toAndFro(random) })],
];
const rows: Row[] = kinds.map(([name, make], index) => {
  const random = createRandom(SEED + index).next;
  const sum: Tally = emptyTally();
  for (let run = 0; run < PER_KIND; run += 1) addTo(sum, play(make(random), random));
  return {
    histories: PER_KIND,
    kind: name,
    outages: sum.outages,
    pages: sum.pages,
    reminders: sum.reminders,
    'histories past their limit': sum.broken,
    'detection p50 s': quantile(sum.detections, 0.5) / 1000,
    'detection p99.9 s': quantile(sum.detections, 0.999) / 1000,
    'detection max s': quantile(sum.detections, 1) / 1000,
    'pages when every failure is told': sum.naive,
    'pages at three in a row, up at the first success': sum.threeInARow,
  };
});
publish({ name: 'check-noise', rows, seed: SEED, replications: PER_KIND * kinds.length });
const broken = rows.reduce((total, row) => total + Number(row['histories past their limit']), 0);
// A success in the middle of the first failures puts a detection off; that kind of history has no limit of its own.
const slowest = Math.max(...rows.slice(0, 4).map((row) => Number(row['detection max s']) || 0));
console.log(`${broken} histories past their limit; slowest detection without stray successes ${slowest.toFixed(1)} s`);
process.exitCode = broken === 0 && slowest <= 90 ? 0 : 1;

function history(random: () => number, given: Partial<History>): History {
  const everyMs = [10_000, 30_000, 30_000][Math.floor(random() * 3)] ?? 30_000;
  return { outages: [], loneEvery: 0, straySuccess: 0, flapping: [], children: 0, everyMs, ...given };
}

/** One to three outages of 3 minutes to an hour, at least 35 minutes apart. */
function someOutages(random: () => number): Outage[] {
  const outages: Outage[] = [];
  let at = (10 + random() * 60) * MINUTE;
  for (let count = 1 + Math.floor(random() * 3); count > 0; count -= 1) {
    const to = at + (3 + random() * 57) * MINUTE;
    outages.push({ from: at, to });
    at = to + (35 + random() * 30) * MINUTE;
  }
  return outages;
}

/**
 * Half an hour to three hours of trouble that comes and goes: every 20 to 90 s, or in parts of 70 s to ten minutes. It
 * is never calm for fifteen minutes as its check sees it: then it would be over, and the next one a new matter.
 */
function toAndFro(random: () => number): Outage[] {
  const isFast = random() < 0.5;
  const longest = 1.1 + random() * 8.8;
  const parts: Outage[] = [];
  const end = (60 + 30 + random() * 150) * MINUTE;
  for (let at = 60 * MINUTE; at < end;) {
    const to = at + (isFast ? 0.33 + random() : Math.max(1.1, random() * longest)) * MINUTE;
    parts.push({ from: at, to });
    at = to + (isFast ? 0.33 + random() : Math.max(1.1, random() * longest)) * MINUTE;
  }
  return parts;
}

interface Runner {
  readonly id: string;
  readonly parents: readonly string[];
  state: CheckState;
  nextAt: number;
  runs: number;
  wasOk: boolean;
  failsInRow: number;
  isDownSimply: boolean;
}

function play(plan: History, random: () => number): Tally {
  const tally = emptyTally();
  const runners: Runner[] = Array.from({ length: 1 + plan.children }, (_, index) => ({
    id: `check-${index}`,
    parents: index === 0 ? [] : ['check-0'],
    state: newCheckState,
    nextAt: random() * plan.everyMs,
    runs: 0,
    wasOk: true,
    failsInRow: 0,
    isDownSimply: false,
  }));
  const pagedAt: number[] = [];
  let book: IncidentBook = {};
  const checks = new Map<string, WatchedCheck>();
  for (let now = 0; now < HOURS * 60 * MINUTE;) {
    const runner = runners.reduce((first, other) => (other.nextAt < first.nextAt ? other : first));
    now = runner.nextAt;
    runOnce(runner, { plan, now, random, tally });
    checks.set(runner.id, { id: runner.id, subject: runner.id, parents: runner.parents, state: runner.state });
    // The process ends and starts again at times; what it remembers goes through its store.
    if (random() < 0.002) {
      book = JSON.parse(JSON.stringify(book)) as IncidentBook;
      runner.state = JSON.parse(JSON.stringify(runner.state)) as CheckState;
    }
    const settled = settle(book, { checks, now });
    book = settled.book;
    for (const message of settled.messages) {
      if (message.kind === 'reminder') tally.reminders += 1;
      if (message.page) pagedAt.push(now);
    }
  }
  tally.pages = pagedAt.length;
  judge(plan, pagedAt, tally);
  return tally;
}

function runOnce(
  runner: Runner,
  { plan, now, random, tally }: { plan: History; now: number; random: () => number; tally: Tally },
): void {
  runner.runs += 1;
  const isLone = plan.loneEvery > 0 && runner.runs % plan.loneEvery === 0;
  const bad = [...plan.outages, ...plan.flapping].some(({ from, to }) => now >= from && now < to);
  const ok = bad ? random() < plan.straySuccess : !isLone;
  runner.state = observe(runner.state, { at: now, ok, cause: ok ? null : 'refused' });
  if (!ok && runner.wasOk) tally.naive += 1;
  runner.wasOk = ok;
  runner.failsInRow = ok ? 0 : runner.failsInRow + 1;
  if (ok) runner.isDownSimply = false;
  if (runner.failsInRow === 3 && !runner.isDownSimply) {
    runner.isDownSimply = true;
    tally.threeInARow += 1;
  }
  // A failing run takes longer: up to five seconds until its time is up.
  const took = ok ? random() * 200 : random() * 5000;
  runner.nextAt = now + took + nextRunMs(runner.state, plan.everyMs) * (0.95 + 0.1 * random());
}

function judge(plan: History, pagedAt: readonly number[], tally: Tally): void {
  const { outages, flapping } = plan;
  tally.outages = outages.length;
  if (outages.length === 0) {
    tally.broken = pagedAt.length > (flapping.length > 0 ? 2 : 0) ? 1 : 0;
    return;
  }
  for (const [index, { from }] of outages.entries()) {
    const until = outages[index + 1]?.from ?? Infinity;
    const own = pagedAt.filter((at) => at >= from && at < until);
    if (own.length !== 1) tally.broken = 1;
    if (own[0] !== undefined) tally.detections.push(own[0] - from);
  }
  if (pagedAt.some((at) => at < (outages[0]?.from ?? 0))) tally.broken = 1;
}

function emptyTally(): Tally {
  return { pages: 0, reminders: 0, naive: 0, threeInARow: 0, detections: [], outages: 0, broken: 0 };
}

function addTo(sum: Tally, one: Tally): void {
  sum.pages += one.pages;
  sum.reminders += one.reminders;
  sum.naive += one.naive;
  sum.threeInARow += one.threeInARow;
  sum.outages += one.outages;
  sum.broken += one.broken;
  sum.detections.push(...one.detections);
}
