import type { Keeping, RetentionPolicy } from './retention-policy.ts';

/** The rules in force, a sentence each. */
export function rulesInWords(policy: RetentionPolicy): string[] {
  const { sampling } = policy;
  const services = Object.entries(policy.services).flatMap(([service, own]) =>
    (['traces', 'logs'] as const).flatMap((signal) =>
      own[signal] === undefined
        ? []
        : [
            `${signal} of ${service}: ${keeping({ ...policy[signal], ...own[signal] }, sampling.services[service] ?? sampling[signal])}`,
          ],
    ),
  );
  return [
    `traces: ${keeping(policy.traces, sampling.traces)}; in full with an error, a critical operation or a span over ${sampling.slowMs} ms`,
    `logs: ${keeping(policy.logs, sampling.logs)}; warnings and worse, and records of kept traces, in full`,
    ...services,
    `points of metrics: ${policy.metricsDays} d`,
    `errors: ${policy.errorsDays} d`,
    `flag evaluations: ${policy.evaluationsDays} d`,
    `outcomes that guards judge: ${policy.outcomesDays} d, never thinned`,
    `sums by minute ${policy.minutesDays} d, by hour ${policy.hoursDays} d, by day ${policy.daysDays} d`,
  ];
}

function keeping({ rawDays, keepDays }: Keeping, share: number): string {
  if (rawDays >= keepDays) return `all for ${keepDays} d`;
  return `all for ${rawDays} d, then ${Number((100 * share).toFixed(2))}% with weights until ${keepDays} d`;
}
