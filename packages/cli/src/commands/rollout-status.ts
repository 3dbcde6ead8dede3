import { type ExitCode, exitCode, exitCodeOfRollout } from '../exit-code.ts';
import { findRollout } from '../rollout-reference.ts';
import { rolloutText } from '../rollout-text.ts';
import { waitForEnd } from '../rollout-wait.ts';
import type { CommonFlags, Run } from '../run.ts';

export interface StatusFlags extends CommonFlags {
  readonly watch: boolean;
  readonly timeout?: number;
}

/** Shows a rollout as its page does. Exits 10 or 11 on one that was rolled back or is held, so that scripts see it. */
export async function rolloutStatus(run: Run, flags: StatusFlags, reference?: string): Promise<ExitCode> {
  const api = await run.api();
  const rollout = await findRollout(run, api, reference);
  if (flags.watch) return waitForEnd(run, api, { rollout, timeoutMs: flags.timeout });
  run.output.answer(rollout, () => rolloutText(rollout, run.output));
  return rollout.status === 'rolled-back' || rollout.status === 'held'
    ? exitCodeOfRollout(rollout.status)
    : exitCode.done;
}

/** Watches a rollout until it ends; the exit code tells how. */
export async function rolloutWatch(run: Run, flags: Omit<StatusFlags, 'watch'>, reference?: string): Promise<ExitCode> {
  const api = await run.api();
  const rollout = await findRollout(run, api, reference);
  return waitForEnd(run, api, { rollout, timeoutMs: flags.timeout });
}
