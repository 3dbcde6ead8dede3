import type { RolloutView } from '@belay/protocol';
import type { Api } from '../connection.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import { findRollout } from '../rollout-reference.ts';
import type { CommonFlags, Run } from '../run.ts';

export interface ActFlags extends CommonFlags {
  readonly reason?: string;
}

type Act = (run: Run, flags: ActFlags, reference?: string) => Promise<ExitCode>;
type ActionEndpoint =
  | 'rolloutHold'
  | 'rolloutResume'
  | 'rolloutApprove'
  | 'rolloutPromote'
  | 'rolloutRollback'
  | 'rolloutCancel'
  | 'rolloutAcknowledge';

/** The safe way is easy: no question, no reason. */
export const rolloutHold: Act = (run, flags, reference) => act(run, 'rolloutHold', { flags, reference });
export const rolloutResume: Act = (run, flags, reference) => act(run, 'rolloutResume', { flags, reference });
export const rolloutApprove: Act = (run, flags, reference) => act(run, 'rolloutApprove', { flags, reference });
export const rolloutCancel: Act = (run, flags, reference) => act(run, 'rolloutCancel', { flags, reference });
export const rolloutAcknowledge: Act = (run, flags, reference) => act(run, 'rolloutAcknowledge', { flags, reference });

/** Going on before the proof is there costs a reason. */
export async function rolloutPromote(run: Run, flags: ActFlags, reference?: string): Promise<ExitCode> {
  const reason = flags.reason ?? (await askReason(run));
  return act(run, 'rolloutPromote', { flags: { ...flags, reason }, reference });
}

/** Rolls back at once, then says how long it took until every instance served the old path. */
export async function rolloutRollback(run: Run, flags: ActFlags, reference?: string): Promise<ExitCode> {
  const api = await run.api();
  const rollout = await findRollout(run, api, reference);
  const rolledBack = await send(api, 'rolloutRollback', { id: rollout.id, reason: flags.reason });
  const view = await waitForUndo(run, api, rolledBack);
  run.output.answer(view, () => `${view.sentence}\n${view.undo.sentence}`);
  return exitCode.done;
}

interface Target {
  readonly flags: ActFlags;
  readonly reference: string | undefined;
}

async function act(run: Run, action: ActionEndpoint, { flags, reference }: Target): Promise<ExitCode> {
  const api = await run.api();
  const rollout = await findRollout(run, api, reference);
  const view = await send(api, action, { id: rollout.id, reason: flags.reason });
  run.output.answer(view, () => `#${view.number} ${view.title}: ${view.word}. ${view.sentence}`);
  return exitCode.done;
}

function send(
  api: Api,
  action: ActionEndpoint,
  { id, reason }: { id: string; reason: string | undefined },
): Promise<RolloutView> {
  return api.call(action, { params: { id }, body: reason === undefined ? {} : { reason } });
}

async function askReason(run: Run): Promise<string> {
  const answer = run.world.stdinIsTty ? (await run.world.ask('Why go on before the proof is there? ')).trim() : '';
  if (answer !== '') return answer;
  throw new CliFailure({
    code: 'rollout.reason-needed',
    exitCode: exitCode.usage,
    what: 'Promoting needs a reason.',
    why: run.world.stdinIsTty ? 'The answer was empty.' : '--reason is missing, and there is no terminal to ask on.',
    fix: 'belay rollout promote --reason "<why>"',
  });
}

const UNDO_WAIT_MS = 10_000;
const UNDO_REFRESH_MS = 200;

async function waitForUndo(run: Run, api: Api, rolledBack: RolloutView): Promise<RolloutView> {
  const deadline = run.world.clock.now() + UNDO_WAIT_MS;
  let view = rolledBack;
  while (view.undo.instancesConfirmed < view.undo.instances && run.world.clock.now() < deadline) {
    run.output.notice(`Rolling back ... ${view.undo.instancesConfirmed} of ${view.undo.instances} instances`);
    await new Promise((resolve) => setTimeout(resolve, UNDO_REFRESH_MS));
    view = await api.call('rolloutGet', { params: { id: view.id } });
  }
  return view;
}
