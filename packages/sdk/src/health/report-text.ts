import type { CheckedResult } from './types.ts';

/** What a process found before it listened. */
export interface StartupReport {
  readonly service: string;
  readonly instance: string;
  /** False when something that the service cannot work without has failed. */
  readonly ok: boolean;
  /** Unix ms. */
  readonly at: number;
  readonly durationMs: number;
  readonly checks: readonly CheckedResult[];
}

/** Thrown when a service must not start; its message is the report for people. */
export class StartupRefused extends Error {
  readonly report: StartupReport;

  constructor(report: StartupReport) {
    super(reportText(report));
    this.name = 'StartupRefused';
    this.report = report;
  }
}

/** The report for people: failures first, each with what to do. */
export function reportText({ service, ok, checks, durationMs }: StartupReport): string {
  const failed = checks.filter(({ outcome }) => outcome !== 'pass').toSorted((a, b) => rank(a) - rank(b));
  const passed = checks.length - failed.length;
  const lines = failed.flatMap(({ title, outcome, critical, text, mend }) => [
    `  ${outcome === 'fail' ? (critical ? 'FAIL' : 'fail') : 'warn'}  ${title}: ${text}`,
    ...(mend === null ? [] : [`        ${mend}`]),
  ]);
  const verdict = ok ? 'may start' : 'must not start';
  return [
    `${service} ${verdict}: ${passed} of ${checks.length} checks passed after ${Math.round(durationMs)} ms.`,
    ...lines,
  ].join('\n');
}

function rank({ outcome, critical }: CheckedResult): number {
  return (outcome === 'fail' ? 0 : 2) + (critical ? 0 : 1);
}
