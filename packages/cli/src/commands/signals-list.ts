import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Run } from '../run.ts';
import { formatTable } from '../table.ts';
import type { ListFlags } from './rollout-list.ts';

/** Lists signals: what deserves a look first. */
export async function signalsList(run: Run, flags: ListFlags): Promise<ExitCode> {
  const api = await run.api();
  const page = await api.call('signalList', { query: { limit: flags.limit } });
  run.output.answer(page, () => {
    if (page.items.length === 0)
      return 'There is no signal yet. Signals appear by themselves once a service sends telemetry.';
    const rows = page.items.map(({ id, word, current, usual, sentence }) => [
      id,
      word,
      current?.text ?? '-',
      usual?.text ?? '-',
      sentence,
    ]);
    return formatTable(['signal', 'verdict', 'now', 'usual', ''], rows);
  });
  return exitCode.done;
}
