import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';

export interface ErrorsResolveFlags extends CommonFlags {
  readonly 'next-release': boolean;
}

/** Says that an error is mended: now, or with the release after the present one. */
export async function errorsResolve(run: Run, flags: ErrorsResolveFlags, id: string): Promise<ExitCode> {
  const api = await run.api();
  const action = flags['next-release'] ? 'resolve-next-release' : 'resolve';
  const issue = await api.call('issueAct', { params: { id }, body: { action } });
  run.output.answer(issue, () => `E-${issue.number}: ${issue.stateSentence}`);
  return exitCode.done;
}

export interface ErrorsIgnoreFlags extends CommonFlags {
  /** Milliseconds. */
  readonly for?: number;
  readonly events?: number;
  readonly users?: number;
}

/** Ignores an error, for good or until a limit is reached. */
export async function errorsIgnore(run: Run, flags: ErrorsIgnoreFlags, id: string): Promise<ExitCode> {
  const api = await run.api();
  const body = {
    action: 'ignore' as const,
    ...(flags.for === undefined ? {} : { until: run.world.clock.now() + flags.for }),
    ...(flags.events === undefined ? {} : { events: flags.events }),
    ...(flags.users === undefined ? {} : { users: flags.users }),
  };
  const issue = await api.call('issueAct', { params: { id }, body });
  run.output.answer(issue, () => `E-${issue.number}: ${issue.stateSentence}`);
  return exitCode.done;
}
