import type { ExitCode } from '../exit-code.ts';
import { exitCode } from '../exit-code.ts';
import { readPlanInput, type PlanFlags } from '../plan-input.ts';
import { findRollout } from '../rollout-reference.ts';
import type { Run } from '../run.ts';
import { rolloutText } from '../rollout-text.ts';
import { waitForEnd } from '../rollout-wait.ts';

export interface StartFlags extends PlanFlags {
  readonly watch: boolean;
  readonly timeout?: number;
}

/** Starts a rollout: a draft by its number, or a new one of a flag or of an entry of belay.yaml. */
export async function rolloutStart(run: Run, flags: StartFlags, name: string): Promise<ExitCode> {
  const api = await run.api();
  const draft = /^#?\d+$/.test(name) ? await findRollout(run, api, name) : undefined;
  const started =
    draft === undefined
      ? await api.call('rolloutCreate', { body: { ...(await readPlanInput(run, flags, name)), start: true } })
      : await api.call('rolloutStart', { params: { id: draft.id }, body: {} });
  if (flags.watch) return waitForEnd(run, api, { rollout: started, timeoutMs: flags.timeout });
  run.output.answer(started, () => rolloutText(started, run.output));
  return started.status === 'held' ? exitCode.held : exitCode.done;
}
