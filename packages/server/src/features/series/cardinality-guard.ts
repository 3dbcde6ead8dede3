import type { CardinalityView } from '@belay/protocol';
import type { SeriesFacts } from '@belay/wire';
import { createExplodingMetrics, type ExplodingMetrics } from './exploding-metrics.ts';

/** How many series each service may have. */
export interface SeriesLimits {
  readonly newPerHour: number;
  readonly active: number;
}

/** A service's account of series. */
export interface ServiceAccount {
  readonly service: string;
  /** Unix ms from which on growth is measured; a service's first hour may bring all that it may have. */
  since: number;
  active: number;
  newThisHour: number;
  hour: number;
  refused: number;
  /** Unix ms of the last refusal. */
  refusedAt: number;
  readonly exploding: ExplodingMetrics;
}

/** Keeps one service's mistake, such as a label with a value per user, from taking memory and disk of all. */
export interface CardinalityGuard {
  /** Counts a series that is in the store, first seen at a time (Unix ms); it is active, and new only if that was now. */
  learn(service: string, firstSeen: number): ServiceAccount;
  /** Counts a series as active and new; false when it is one too many. */
  admit(facts: SeriesFacts): ServiceAccount | undefined;
  report(service?: string): readonly CardinalityView[];
}

interface GuardOptions {
  readonly limits: SeriesLimits;
  readonly clock: { now(): number };
  /** Called when a service is refused for the first time within an hour. */
  readonly onRefusing: (view: CardinalityView) => void;
}

const HOUR_MS = 3_600_000;
/** Names of services can be too many, too: what is more shares one account. */
const SERVICES = 2000;
const OTHERS = '(other services)';
/** Series of all services together; each takes about 200 bytes of memory. */
const TOTAL = 1_000_000;
const NEAR = 0.8;

export function createCardinalityGuard({ limits, clock, onRefusing }: GuardOptions): CardinalityGuard {
  const accounts = new Map<string, ServiceAccount>();
  const accountOf = (service: string): ServiceAccount => {
    const known = accounts.get(service);
    if (known !== undefined) return known;
    const name = accounts.size >= SERVICES ? OTHERS : service;
    const account = accounts.get(name) ?? startAccount(name, clock.now());
    accounts.set(name, account);
    return account;
  };
  const total = (): number => {
    let sum = 0;
    for (const { active } of accounts.values()) sum += active;
    return sum;
  };
  let admitted = 0;
  let totalAtLastLook = 0;
  const isFull = (): boolean => {
    // Adding all accounts up takes time; between two looks the total can only have grown by what was admitted.
    if (totalAtLastLook + admitted >= TOTAL) {
      totalAtLastLook = total();
      admitted = 0;
    }
    return totalAtLastLook + admitted >= TOTAL;
  };
  return {
    learn(service, firstSeen) {
      const account = accountOf(service);
      account.since = Math.min(account.since, firstSeen);
      account.active += 1;
      if (hourOf(firstSeen) === account.hour) account.newThisHour += 1;
      return account;
    },
    admit(facts) {
      const now = clock.now();
      const account = accountOf(facts.service);
      rollHour(account, now);
      if (!isFull() && account.active < limits.active && account.newThisHour < allowedNew(account, limits, now)) {
        account.active += 1;
        account.newThisHour += 1;
        admitted += 1;
        return account;
      }
      account.refused += 1;
      account.exploding.add(facts, now);
      const isFirst = now - account.refusedAt >= HOUR_MS;
      account.refusedAt = now;
      if (isFirst) onRefusing(viewOf(account, limits, now));
      return undefined;
    },
    report(service) {
      const now = clock.now();
      const chosen = [...accounts.values()].filter((account) => service === undefined || account.service === service);
      for (const account of chosen) rollHour(account, now);
      return chosen
        .map((account) => viewOf(account, limits, now))
        .sort((a, b) => STATES.indexOf(b.state) - STATES.indexOf(a.state) || b.active - a.active);
    },
  };
}

const STATES: readonly CardinalityView['state'][] = ['ok', 'near', 'refusing'];

function startAccount(service: string, now: number): ServiceAccount {
  return {
    service,
    since: now,
    active: 0,
    newThisHour: 0,
    hour: hourOf(now),
    refused: 0,
    refusedAt: Number.NEGATIVE_INFINITY,
    exploding: createExplodingMetrics(),
  };
}

function hourOf(now: number): number {
  return Math.floor(now / HOUR_MS);
}

function rollHour(account: ServiceAccount, now: number): void {
  const hour = hourOf(now);
  if (account.hour === hour) return;
  account.hour = hour;
  account.newThisHour = 0;
}

function allowedNew({ since }: ServiceAccount, { newPerHour, active }: SeriesLimits, now: number): number {
  return now - since < HOUR_MS ? Math.max(newPerHour, active) : newPerHour;
}

function viewOf(account: ServiceAccount, limits: SeriesLimits, now: number): CardinalityView {
  const { service, active, newThisHour, refused, refusedAt, exploding } = account;
  const allowed = allowedNew(account, limits, now);
  const isRefusing = now - refusedAt < HOUR_MS;
  const isNear = active >= NEAR * limits.active || newThisHour >= NEAR * allowed;
  const metrics = exploding.report();
  return {
    service,
    active,
    newThisHour,
    limits: { active: limits.active, newPerHour: allowed },
    state: isRefusing ? 'refusing' : isNear ? 'near' : 'ok',
    refused,
    advice: adviceOf({ isRefusing, isNear, metrics, service }),
    exploding: [...metrics],
  };
}

function adviceOf(facts: {
  readonly isRefusing: boolean;
  readonly isNear: boolean;
  readonly metrics: ReturnType<ExplodingMetrics['report']>;
  readonly service: string;
}): string {
  const [worst] = facts.metrics;
  if (facts.isRefusing && worst !== undefined && worst.label !== '') {
    return (
      `New series of ${facts.service} are refused: label "${worst.label}" of ${worst.metric} has about ` +
      `${worst.values} values (e.g. "${worst.examples[0] ?? ''}"). Take the label out of the metric, or put it into ` +
      'spans or logs, which are made for it; if the values are needed, raise telemetry.series_active and ' +
      'telemetry.series_new_per_hour. Series that were there before go on.'
    );
  }
  if (facts.isRefusing) {
    return (
      `New series of ${facts.service} are refused: there are as many as telemetry.series_active and ` +
      'telemetry.series_new_per_hour allow. Series that were there before go on.'
    );
  }
  return facts.isNear ? `${facts.service} is close to its limit of series; look for labels with many values.` : '';
}
