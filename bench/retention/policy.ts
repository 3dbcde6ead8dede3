import type { RetentionPolicy } from '../../packages/server/src/features/storage/api.ts';

/** What Belay does when nothing is configured. */
export const usualPolicy: RetentionPolicy = {
  traces: { rawDays: 3, keepDays: 30 },
  logs: { rawDays: 3, keepDays: 30 },
  metricsDays: 15,
  errorsDays: 90,
  evaluationsDays: 30,
  outcomesDays: 400,
  minutesDays: 30,
  hoursDays: 400,
  daysDays: 1830,
  services: {},
  sampling: { traces: 0.1, logs: 0.1, slowMs: 500, critical: [], services: {} },
  budgetBytes: null,
};
