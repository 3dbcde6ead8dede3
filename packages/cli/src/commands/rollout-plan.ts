import { duration, units } from '@belay/core/rollout';
import type { PlanReport } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { readPlanInput, type PlanFlags } from '../plan-input.ts';
import type { Run } from '../run.ts';
import { formatTable } from '../table.ts';

/** Says what a rollout would do, and how long its proof would take, without starting it. */
export async function rolloutPlan(run: Run, flags: PlanFlags, name: string): Promise<ExitCode> {
  const input = await readPlanInput(run, flags, name);
  const api = await run.api();
  const report = await api.call('rolloutPlan', { body: input });
  run.output.answer(report, () => planText(report));
  return report.conflicts.length > 0 ? exitCode.held : exitCode.done;
}

/** The plan as people read it. */
export function planText(report: PlanReport): string {
  const stages = report.stages.map((stage) => [
    formatShare(stage.share),
    stage.soakMs === 0 ? '' : duration(stage.soakMs),
    stage.minUnits === 0 ? '' : units(stage.minUnits),
    stage.approve ? 'asks' : '',
    stage.sentences.join(' '),
  ]);
  return [
    report.sentence,
    report.reach,
    '',
    formatTable(['share', 'for', 'requests', 'approval', ''], stages),
    '',
    'Guards:',
    ...report.guards.map(({ sentence }) => `  ${sentence}`),
    ...report.warnings.map((warning) => `warning: ${warning}`),
    ...report.conflicts.map((conflict) => `refused now: ${conflict.sentence}`),
  ].join('\n');
}

/** `10%`, `0.5%`. */
export function formatShare(share: number): string {
  return `${Number((share * 100).toFixed(4))}%`;
}
