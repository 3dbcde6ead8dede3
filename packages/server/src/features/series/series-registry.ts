import { hash } from 'node:crypto';
import {
  describedBy,
  type FamilyFacts,
  familyNamesOf,
  type SeriesFacts,
  seriesIdentity,
  type SeriesRef,
  type SeriesRegistry,
} from '@belay/wire';
import type { SeriesDescription } from '../telemetry/api.ts';
import type { CardinalityGuard, ServiceAccount } from './cardinality-guard.ts';
import { createFamilyMemory, type FamilyMemory } from './family-memory.ts';
import type { KnownSeries } from './known-series.ts';

/** The series there are, by fingerprint. */
export interface ActiveSeries extends SeriesRegistry {
  /** Takes in what was stored before; these series are active but not new. */
  learn(known: readonly KnownSeries[]): void;
  /** Takes in how metrics were described before, each under its own name; what is told later counts more. */
  learnDescriptions(described: readonly FamilyFacts[]): void;
  /** What has to be stored of series that are due. */
  describeDue(due: ReadonlyMap<SeriesRef, SeriesFacts>): readonly SeriesDescription[];
  /** Notes that the descriptions were stored. */
  described(due: ReadonlyMap<SeriesRef, SeriesFacts>): void;
  /** Forgets series that have not been heard of for an hour. */
  sweep(): void;
  size(): number;
}

interface ActiveRef extends SeriesRef {
  /** Empty while it is only known from the store. */
  metric: string;
  readonly account: ServiceAccount;
  readonly fp: bigint;
  readonly firstSeen: number;
}

/** Descriptions are written again so often that `last_seen` tells what is still there. */
const DESCRIBE_SECONDS = 3 * 3600;
/** Not all at once. */
const SPREAD_SECONDS = 1800;
/** Not heard of for so long, a series is not active. */
const SILENT_SECONDS = 3600;

export function createActiveSeries(options: {
  readonly guard: CardinalityGuard;
  readonly clock: { now(): number };
}): ActiveSeries {
  const { guard, clock } = options;
  const series = new Map<bigint, ActiveRef>();
  const families = createFamilyMemory();
  const nowSecond = (): number => Math.floor(clock.now() / 1000);
  const add = (fp: bigint, facts: Omit<ActiveRef, 'fp' | 'fpLow' | 'fpHigh'>): ActiveRef => {
    const { metric, account, firstSeen, heardAt, dueAt } = facts;
    const fpLow = Number(fp & 0xffff_ffffn);
    const ref = { metric, fp, fpLow, fpHigh: Number(fp >> 32n), account, firstSeen, heardAt, dueAt };
    series.set(fp, ref);
    return ref;
  };
  return {
    find(facts) {
      const fp = fingerprint(facts);
      const known = series.get(fp);
      if (known !== undefined) {
        // Metadata may have come before it was known which metric this series is of.
        if (known.metric === '' && families.wasTold(facts.metric)) known.dueAt = 0;
        known.metric = facts.metric;
        return known;
      }
      const account = guard.admit(facts);
      if (account === undefined) return undefined;
      const now = nowSecond();
      return add(fp, { metric: facts.metric, account, firstSeen: now, heardAt: now, dueAt: 0 });
    },
    describe(told) {
      const changed = families.take(told);
      if (changed.size === 0) return;
      for (const ref of series.values()) {
        if (familyNamesOf(ref.metric).some((name) => changed.has(name))) ref.dueAt = 0;
      }
    },
    learn(known) {
      for (const { fp, service, firstSeen, lastSeen } of known) {
        if (series.has(fp)) continue;
        const account = guard.learn(service, firstSeen * 1000);
        add(fp, { metric: '', account, firstSeen, heardAt: nowSecond(), dueAt: lastSeen + DESCRIBE_SECONDS });
      }
    },
    learnDescriptions: families.learn,
    ...describing({ series, families, nowSecond }),
    sweep: () => forgetBefore(series, nowSecond() - SILENT_SECONDS),
    size: () => series.size,
  };
}

interface Describing {
  readonly series: ReadonlyMap<bigint, ActiveRef>;
  readonly families: FamilyMemory;
  readonly nowSecond: () => number;
}

function describing({ series, families, nowSecond }: Describing): Pick<ActiveSeries, 'describeDue' | 'described'> {
  /** What was told of the due series of a request when its rows were made. */
  const written = new WeakMap<ReadonlyMap<SeriesRef, SeriesFacts>, ReadonlyMap<bigint, bigint>>();
  return {
    describeDue(due) {
      const descriptions = [...due].flatMap(([ref, facts]) => {
        const active = series.get(fingerprintOf(ref));
        if (active === undefined) return [];
        const told = describedBy(facts, families.of(facts));
        return [{ key: keyOf(active.fp, told), fp: active.fp, facts: told, firstSeen: active.firstSeen }];
      });
      written.set(due, new Map(descriptions.map(({ fp, key }) => [fp, key])));
      return descriptions;
    },
    described(due) {
      const now = nowSecond();
      const keys = written.get(due);
      for (const [ref, facts] of due) {
        const fp = fingerprintOf(ref);
        // Metadata that came while the rows were on their way leaves the series due.
        if (keys?.get(fp) !== keyOf(fp, describedBy(facts, families.of(facts)))) continue;
        ref.dueAt = now + DESCRIBE_SECONDS + (ref.fpLow % SPREAD_SECONDS);
      }
    },
  };
}

function forgetBefore(series: Map<bigint, ActiveRef>, second: number): void {
  for (const [fp, ref] of series) {
    if (ref.heardAt >= second) continue;
    series.delete(fp);
    ref.account.active -= 1;
    // Whoever still holds it has to ask again.
    ref.dueAt = 0;
  }
}

function fingerprint(facts: SeriesFacts): bigint {
  return hash('sha256', seriesIdentity(facts), 'buffer').readBigUInt64LE();
}

function fingerprintOf({ fpLow, fpHigh }: SeriesRef): bigint {
  return (BigInt(fpHigh) << 32n) | BigInt(fpLow);
}

/** What describes a series may change while the series stays the same; then it is written again at once. */
function keyOf(fp: bigint, { kind, unit, description, monotonic }: SeriesFacts): bigint {
  const told = [kind, unit, description, monotonic].join('\0');
  return fp ^ hash('sha256', told, 'buffer').readBigUInt64LE();
}
