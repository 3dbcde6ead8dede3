import { parseDuration } from '@belay/core/rollout';
import type { Keeping, RetentionPolicy } from '../features/storage/api.ts';
import type { TelemetryInput } from './telemetry-settings.ts';

const DAY_MS = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9, TB: 1e12 };

/** Everything for three days, a sample for thirty, sums for a year and more. */
const DEFAULTS = {
  raw: '3d',
  keep: '30d',
  metrics: '15d',
  errors: '90d',
  evaluations: '30d',
  outcomes: '400d',
  minutes: '30d',
  hours: '400d',
  days: '1830d',
} as const;

type DaysKey = Exclude<keyof typeof DEFAULTS, 'raw' | 'keep'>;
interface KeepingInput {
  readonly raw?: string | undefined;
  readonly keep?: string | undefined;
}

/** Turns `telemetry.retention`, `.sampling` and `.disk_budget` of belay.yaml into numbers. */
export function retentionOf({ retention, sampling, disk_budget }: TelemetryInput): RetentionPolicy {
  const days = (key: DaysKey): number => daysOf(retention[key] ?? DEFAULTS[key]);
  return {
    traces: keepingOf(retention.traces),
    logs: keepingOf(retention.logs),
    metricsDays: days('metrics'),
    errorsDays: days('errors'),
    evaluationsDays: days('evaluations'),
    outcomesDays: days('outcomes'),
    minutesDays: days('minutes'),
    hoursDays: days('hours'),
    daysDays: days('days'),
    services: mapValues(retention.services ?? {}, ({ traces, logs }) => ({
      ...(traces === undefined ? {} : { traces: partOf(traces) }),
      ...(logs === undefined ? {} : { logs: partOf(logs) }),
    })),
    sampling: {
      traces: shareOf(sampling.traces ?? '10%'),
      logs: shareOf(sampling.logs ?? '10%'),
      slowMs: parseDuration(sampling.slow ?? '500ms') ?? 500,
      critical: (sampling.critical ?? []).map(({ service, operation }) => ({
        ...(service === undefined ? {} : { service }),
        ...(operation === undefined ? {} : { operation }),
      })),
      services: mapValues(sampling.services ?? {}, shareOf),
    },
    budgetBytes: bytesOf(disk_budget),
  };
}

/** `20GB` in bytes; null for none. */
export function bytesOf(text: string | null): number | null {
  const match = /^([\d.]+)(MB|GB|TB)$/.exec(text ?? '');
  return match === null ? null : Math.round(Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1));
}

function keepingOf(given: KeepingInput = {}): Keeping {
  const rawDays = daysOf(given.raw ?? DEFAULTS.raw);
  return { rawDays, keepDays: Math.max(rawDays, daysOf(given.keep ?? DEFAULTS.keep)) };
}

function partOf({ raw, keep }: KeepingInput): Partial<Keeping> {
  return {
    ...(raw === undefined ? {} : { rawDays: daysOf(raw) }),
    ...(keep === undefined ? {} : { keepDays: daysOf(keep) }),
  };
}

function daysOf(text: string): number {
  return Math.max(1, Math.round((parseDuration(text) ?? DAY_MS) / DAY_MS));
}

function shareOf(text: string): number {
  return Number.parseFloat(text) / 100;
}

function mapValues<In, Out>(record: Readonly<Record<string, In>>, map: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
