import { exitCode, type ExitCode } from '../exit-code.ts';
import { findRollout } from '../rollout-reference.ts';
import type { CommonFlags, Run } from '../run.ts';

/** Recomputes every verdict from the stored outcomes; exits 1 where one differs. */
export async function rolloutReplay(run: Run, _flags: CommonFlags, reference?: string): Promise<ExitCode> {
  const api = await run.api();
  const rollout = await findRollout(run, api, reference);
  const report = await api.call('rolloutReplay', { params: { id: rollout.id } });
  run.output.answer(report, () => {
    const size = `${report.decisions} decisions over ${report.blocks} seconds`;
    if (report.agrees) return `Replay agrees: ${size}, state ${report.stateHash}.`;
    const difference = report.firstDifference;
    return difference === null
      ? `Replay differs: ${size}.`
      : `Replay differs at second ${difference.block}: recorded ${difference.expected}, recomputed ${difference.got}.`;
  });
  return report.agrees ? exitCode.done : exitCode.failed;
}
