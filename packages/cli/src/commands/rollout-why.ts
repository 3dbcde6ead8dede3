import type { RolloutEvidence } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { findRollout } from '../rollout-reference.ts';
import type { CommonFlags, Run } from '../run.ts';
import { formatTable } from '../table.ts';

/** Prints the evidence behind the verdict: counts, interval, revision, query. */
export async function rolloutWhy(run: Run, _flags: CommonFlags, reference?: string): Promise<ExitCode> {
  const api = await run.api();
  const rollout = await findRollout(run, api, reference);
  const evidence = await api.call('rolloutEvidence', { params: { id: rollout.id } });
  run.output.answer(evidence, () => evidenceText(evidence));
  return exitCode.done;
}

function evidenceText(evidence: RolloutEvidence): string {
  const { extraFailures, waldBound, waldRatio } = evidence;
  const rows = evidence.guards.map((guard) => [
    guard.title,
    guard.word,
    `${guard.canary.bad} of ${guard.canary.n}`,
    // A ceiling is compared with nothing.
    guard.kind === 'ceiling' ? '' : `${guard.control.bad} of ${guard.control.n}`,
    guard.harmE.toPrecision(4),
    guard.sentence,
  ]);
  return [
    evidence.sentence,
    '',
    formatTable(['guard', 'verdict', 'new path', 'old path', 'evidence', ''], rows),
    '',
    `All guards together ${evidence.wallet.toPrecision(4)}; rolls back at ${(1 / evidence.alpha).toPrecision(4)}.`,
    `New path: ${evidence.canaryFailed} of ${evidence.canaryUnits} failed. Old path: ${evidence.controlFailed} of ${evidence.controlUnits}.`,
    ...(extraFailures === null
      ? []
      : [
          `Extra failures: about ${Math.round(extraFailures.best)} (${Math.round(extraFailures.low)} to ${Math.round(extraFailures.high)}).`,
        ]),
    ...(waldBound === null || waldRatio === null
      ? []
      : [`A perfect test needs ${Math.round(waldBound)} requests; this one took ${waldRatio.toFixed(2)} times that.`]),
    `Blocks ${evidence.firstBlock ?? '-'} to ${evidence.lastBlock ?? '-'} (${evidence.blocks}), flag revision ${evidence.revision}, state ${evidence.stateHash}.`,
    evidence.query,
  ].join('\n');
}
