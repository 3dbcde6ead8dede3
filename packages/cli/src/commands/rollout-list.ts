import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';
import { formatTable } from '../table.ts';
import { formatShare } from './rollout-plan.ts';

export interface ListFlags extends CommonFlags {
  readonly limit: number;
}

/** Lists rollouts, newest first. */
export async function rolloutList(run: Run, flags: ListFlags): Promise<ExitCode> {
  const api = await run.api();
  const page = await api.call('rolloutList', { query: { limit: flags.limit } });
  run.output.answer(page, () => {
    if (page.items.length === 0) return 'There is no rollout yet. Start one: belay rollout start <flag>';
    const rows = page.items.map((item) => [
      `#${item.number}`,
      item.word,
      formatShare(item.share),
      item.flagKey,
      item.sentence,
    ]);
    return formatTable(['no', 'state', 'share', 'flag', ''], rows);
  });
  return exitCode.done;
}
