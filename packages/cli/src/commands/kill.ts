import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import type { CommonFlags, Run } from '../run.ts';

export interface KillFlags extends CommonFlags {
  readonly reason?: string;
  readonly yes: boolean;
}

/** Takes one flag back to its old path, or, without a flag, rolls back everything that is going out. */
export async function kill(run: Run, flags: KillFlags, flag?: string): Promise<ExitCode> {
  const body = flags.reason === undefined ? {} : { reason: flags.reason };
  const api = await run.api();
  if (flag !== undefined) {
    const view = await api.call('flagKill', { params: { key: flag }, body });
    run.output.answer(view, () => `${view.key}: ${view.whoGetsWhat}`);
    return exitCode.done;
  }
  if (!flags.yes) await confirm(run);
  const answer = await api.call('kill', { body });
  if (run.output.isJson || answer.rolledBack.length === 0) {
    run.output.answer(answer, () => 'Nothing was going out.');
    return exitCode.done;
  }
  const views = await Promise.all(answer.rolledBack.map((id) => api.call('rolloutGet', { params: { id } })));
  run.output.answer(answer, () => views.map((view) => `#${view.number} ${view.title}: ${view.sentence}`).join('\n'));
  return exitCode.done;
}

async function confirm(run: Run): Promise<void> {
  if (run.world.stdinIsTty && /^y(es)?$/i.test(await run.world.ask('Roll back everything that is going out? [y/N] '))) {
    return;
  }
  throw new CliFailure({
    code: 'request.invalid',
    exitCode: exitCode.usage,
    what: 'Nothing was rolled back.',
    why: run.world.stdinIsTty ? 'The answer was not "yes".' : 'There is no terminal to ask on, and --yes is missing.',
    fix: 'belay kill --yes   (everything), or belay kill <flag>',
  });
}
