import { randomBytes } from 'node:crypto';
import { ownPoints, type TelemetryStore } from '../telemetry/api.ts';
import type { SeenCheck } from './check-store.ts';
import { PASSING_METRIC } from './check-signals.ts';

interface Tally {
  readonly labels: Readonly<Record<string, string>>;
  readonly service: string;
  passed: number;
  failed: number;
  durationMs: number;
}

const MOST_SUBJECTS = 20_000;
const BYTES_PER_POINT = 200;

/** Counts runs by check, and stores how many of a minute passed where the numbers of all signals come from. */
export interface PassingMeter {
  add(seen: readonly SeenCheck[]): void;
  /** Stores what was counted since the last time. */
  flush(at: number): Promise<void>;
}

export function createPassingMeter(write: TelemetryStore['write'], instance: string): PassingMeter {
  let tallies = new Map<string, Tally>();
  return {
    add(seen) {
      for (const { kind, service, check } of seen) {
        const key = `${kind}/${service}/${check.name}`;
        const known = tallies.get(key);
        if (known === undefined && tallies.size >= MOST_SUBJECTS) continue;
        const tally = known ?? { service, labels: { check: check.name, kind }, passed: 0, failed: 0, durationMs: 0 };
        if (check.outcome === 'fail') tally.failed += 1;
        else tally.passed += 1;
        tally.durationMs += check.durationMs;
        tallies.set(key, tally);
      }
    },
    async flush(at) {
      const taken = tallies;
      tallies = new Map();
      for (const [service, own] of Map.groupBy(taken.values(), (tally) => tally.service)) {
        const points = own.flatMap(pointsOf);
        const content = ownPoints(points, { service, instance, at });
        await write(content, { hash: randomBytes(8).readBigUInt64LE(), bytes: BYTES_PER_POINT * points.length });
      }
    },
  };
}

function pointsOf({ labels, passed, failed, durationMs }: Tally) {
  const runs = passed + failed;
  return [
    {
      metric: PASSING_METRIC,
      description: 'Share of runs of a check that passed.',
      kind: 'gauge' as const,
      labels,
      value: (100 * passed) / runs,
    },
    {
      metric: 'belay_check_duration_seconds',
      description: 'Mean duration of the runs of a check.',
      kind: 'gauge' as const,
      labels,
      value: durationMs / 1000 / runs,
    },
  ];
}
