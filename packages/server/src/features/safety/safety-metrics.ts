import type { SafetyView } from '@belay/protocol';
import type { HealthCheck, Metric } from '../health/api.ts';

/** What `/metrics` tells of backups. Times are Unix seconds, so that an alert on age is `time() - metric`. */
export function safetyMetrics({ sources, destinations, at }: SafetyView): readonly Metric[] {
  const levels = sources.flatMap(({ name, levels: reached }) =>
    reached
      .filter(({ level }) => level === 'L3' || level === 'L4')
      .map(({ level, snapshotAt }) => ({ labels: { source: name, level }, value: snapshotAt / 1000 })),
  );
  return [
    gauge(
      'belay_last_verified_restore_point_timestamp',
      'Time of the newest state proven restorable by a drill.',
      levels,
    ),
    gauge(
      'belay_backup_last_success_timestamp',
      'End of the newest backup.',
      sources.flatMap(({ name, lastSuccessAt }) =>
        lastSuccessAt === null ? [] : [{ labels: { source: name }, value: lastSuccessAt / 1000 }],
      ),
    ),
    gauge(
      'belay_rpo_seconds',
      'What would be lost now: age of the newest state proven restorable.',
      sources.flatMap(({ name, newestProven }) =>
        newestProven === null ? [] : [{ labels: { source: name }, value: (at - newestProven.snapshotAt) / 1000 }],
      ),
    ),
    gauge(
      'belay_restore_drill_seconds',
      'Measured time of the last drill until the copy could be used.',
      sources.flatMap(({ name, newestProven }) =>
        newestProven === null || newestProven.restoreMs === null
          ? []
          : [{ labels: { source: name }, value: newestProven.restoreMs / 1000 }],
      ),
    ),
    gauge(
      'belay_backup_copies',
      'Copies of backups by place and state.',
      destinations.flatMap(({ name, verified, unverified, bad }) =>
        Object.entries({ verified, unverified, bad }).map(([state, value]) => ({
          labels: { destination: name, state },
          value,
        })),
      ),
    ),
  ];
}

interface BackupsCheckOptions {
  readonly view: () => Promise<SafetyView>;
  readonly clock: { now(): number };
  readonly startedAt: number;
}

/** Whether the newest proven restore point of every source is young enough. A new source has as long to get its first. */
export function backupsCheck({ view, clock, startedAt }: BackupsCheckOptions): HealthCheck {
  return {
    name: 'backups',
    isVital: false,
    run: async () => {
      const { sources, summary } = await view();
      const isYoung = (maxAgeMs: number): boolean => clock.now() - startedAt < maxAgeMs;
      const bad = sources.find(
        ({ state, maxAgeMs }) =>
          state === 'late' ||
          state === 'failing' ||
          ((state === 'never' || state === 'unproven') && !isYoung(maxAgeMs)),
      );
      if (bad === undefined) return { ok: true, detail: summary, mend: null };
      return { ok: false, detail: `${bad.name}: ${bad.problem ?? bad.state}`, mend: bad.mend };
    },
  };
}

function gauge(name: string, help: string, values: Metric['values']): Metric {
  return { name, help, type: 'gauge', values };
}
