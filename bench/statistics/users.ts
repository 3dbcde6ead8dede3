import type { OutcomeBlock } from '@belay/core';
import type { Random } from './random.ts';

/** A population whose requests come in sessions of sticky users, with a few users who are unlike the rest. */
export interface Population {
  readonly usersPerSecond: number;
  readonly requestsPerUser: number;
  readonly errorRate: number;
  readonly odd: { readonly share: number; readonly requests: number; readonly errorRate: number };
  /** Seconds within which a user's bad requests count once; 0 counts every one. */
  readonly dedupSeconds: number;
}

interface User {
  readonly bucket: number;
  readonly group: number;
  readonly errorRate: number;
  lastBad: number;
  isExposed: boolean;
}

/** Draws one block per call; users with a bucket below `share` are in the canary. */
export function createUserTraffic(
  random: Random,
  population: Population,
): (second: number, share: number) => OutcomeBlock {
  const agenda = new Map<number, User[]>();
  return (second, share) => {
    const arrivals = random.poisson(population.usersPerSecond);
    for (let i = 0; i < arrivals; i += 1) plan(random, { population, agenda, second });
    const due = agenda.get(second) ?? [];
    agenda.delete(second);
    return blockOf(random, due, { second, share, dedupSeconds: population.dedupSeconds });
  };
}

function plan(
  random: Random,
  { population, agenda, second }: { population: Population; agenda: Map<number, User[]>; second: number },
): void {
  const isOdd = random.next() < population.odd.share;
  const user: User = {
    bucket: random.next(),
    group: Math.floor(random.next() * 32),
    errorRate: isOdd ? population.odd.errorRate : population.errorRate,
    lastBad: -Infinity,
    isExposed: false,
  };
  const requests = isOdd ? population.odd.requests : population.requestsPerUser;
  for (let i = 0; i < requests; i += 1) {
    const at = second + Math.floor(random.next() * SESSION_SECONDS);
    const list = agenda.get(at);
    if (list === undefined) agenda.set(at, [user]);
    else list.push(user);
  }
}

function blockOf(
  random: Random,
  due: readonly User[],
  { second, share, dedupSeconds }: { second: number; share: number; dedupSeconds: number },
): OutcomeBlock {
  const canary = { n: 0, errors: 0, exposures: 0, distinctBad: 0 };
  const control = { n: 0, errors: 0, exposures: 0, distinctBad: 0 };
  const n = Array.from({ length: 32 }, () => 0);
  const errors = Array.from({ length: 32 }, () => 0);
  for (const user of due) {
    const isCanary = user.bucket < share;
    const side = isCanary ? canary : control;
    const isBad = random.next() < user.errorRate && second - user.lastBad >= dedupSeconds;
    side.n += 1;
    // A user counts once: one who moves to the canary when the share grows is no new exposure.
    if (!user.isExposed) side.exposures += 1;
    user.isExposed = true;
    if (!isCanary) n[user.group] = (n[user.group] ?? 0) + 1;
    if (!isBad) continue;
    user.lastBad = second;
    side.errors += 1;
    side.distinctBad += 1;
    if (!isCanary) errors[user.group] = (errors[user.group] ?? 0) + 1;
  }
  const empty = { duration: new Map(), values: new Map() };
  return { second, canary: { ...canary, ...empty }, control: { ...control, ...empty }, controlGroups: { n, errors } };
}

const SESSION_SECONDS = 300;
