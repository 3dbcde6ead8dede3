import { Cron } from 'croner';
import type { SafetyLease } from '@belay/protocol';
import type { Log } from '../../platform/log/log.ts';
import type { BackupSettings, BackupSource } from './backup-settings.ts';

/** Starts backups when they are due. */
export interface Schedule {
  nextAt(source: string): number | null;
  close(): void;
}

export interface ScheduleOptions {
  readonly settings: Pick<BackupSettings, 'sources' | 'timezone' | 'jitterMs'>;
  readonly clock: { now(): number };
  readonly log: Pick<Log, 'info' | 'error'>;
  readonly leases: () => Promise<readonly SafetyLease[]>;
  readonly start: (source: BackupSource) => Promise<void>;
  /** When the newest backup of a source began; null when there is none. */
  readonly lastAt: (source: string) => Promise<number | null>;
  /** In [0, 1). */
  readonly random: () => number;
}

/** A lease is looked at again after this long; the backup is late meanwhile, not lost. */
const LEASE_LOOK_MS = 15_000;
/** What was missed while Belay was down starts this long after its start, when everything else is up. */
const CATCH_UP_MS = 60_000;
/** Then it looks at the clock again, which may have been set meanwhile. */
const LONGEST_WAIT_MS = 3_600_000;

/** Each source at the times of its cron plus a random delay; what is due waits while somebody holds a lease. */
export function createSchedule(options: ScheduleOptions): Schedule {
  const { settings, clock, log, leases, start, random } = options;
  const timers = new Map<string, NodeJS.Timeout>();
  const next = new Map<string, number>();
  let isClosed = false;

  const wait = (name: string, ms: number, then: () => void): void => {
    if (isClosed) return;
    const timer = setTimeout(then, Math.min(ms, LONGEST_WAIT_MS));
    timer.unref();
    timers.set(name, timer);
  };
  const plan = (source: BackupSource): void => {
    const at = nextRun(source.schedule, settings.timezone, clock.now());
    if (at === null) return;
    next.set(source.name, at + Math.round(random() * settings.jitterMs));
    look(source);
  };
  const look = (source: BackupSource): void => {
    const left = (next.get(source.name) ?? 0) - clock.now();
    // Planned while the clock was ahead: by the clock of now it is due sooner.
    if (left > longestLeft(source, settings, clock.now())) return plan(source);
    if (left > 0) return wait(source.name, left, () => look(source));
    void begin(source).catch((err: unknown) => {
      log.error({ err, source: source.name }, 'a scheduled backup could not be started');
      wait(source.name, LEASE_LOOK_MS, () => look(source));
    });
  };
  const begin = async (source: BackupSource): Promise<void> => {
    const held = (await leases()).find((lease) => lease.source === null || lease.source === source.name);
    if (held !== undefined) {
      log.info(
        { source: source.name, holder: held.holder, reason: held.reason },
        'a scheduled backup waits for a lease',
      );
      return wait(source.name, LEASE_LOOK_MS, () => look(source));
    }
    await start(source);
    plan(source);
  };

  const planFirst = async (source: BackupSource): Promise<void> => {
    const lastAt = await options.lastAt(source.name);
    const due = nextRun(source.schedule, settings.timezone, lastAt ?? 0);
    if (due === null || due > clock.now()) return plan(source);
    next.set(source.name, clock.now() + CATCH_UP_MS + Math.round(random() * Math.min(settings.jitterMs, CATCH_UP_MS)));
    look(source);
  };

  for (const source of settings.sources)
    void planFirst(source).catch((err: unknown) => {
      log.error({ err, source: source.name }, 'the last backup is not known; the next one comes by the schedule');
      plan(source);
    });
  return {
    nextAt: (source) => next.get(source) ?? null,
    close() {
      isClosed = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

function nextRun(schedule: string | null, timezone: string | null, now: number): number | null {
  if (schedule === null) return null;
  const cron = new Cron(schedule, { paused: true, mode: '5-part', ...(timezone === null ? {} : { timezone }) });
  return cron.nextRun(new Date(now))?.getTime() ?? null;
}

/** No plan that was made by the clock of now is further away. */
function longestLeft(
  { schedule }: BackupSource,
  { timezone, jitterMs }: ScheduleOptions['settings'],
  now: number,
): number {
  const at = nextRun(schedule, timezone, now);
  return at === null ? Infinity : at - now + jitterMs + 2 * CATCH_UP_MS;
}
