import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Run } from '../run.ts';
import { formatTable } from '../table.ts';
import type { ListFlags } from './rollout-list.ts';

/** Lists flags: who gets what now, and the last change. */
export async function flagList(run: Run, flags: ListFlags): Promise<ExitCode> {
  const api = await run.api();
  const page = await api.call('flagList', { query: { limit: flags.limit } });
  run.output.answer(page, () => {
    if (page.items.length === 0) return 'There is no flag yet. Make one: belay flag set <key> --boolean';
    const rows = page.items.map((flag) => [
      flag.key,
      flag.whoGetsWhat,
      flag.staleSince === null ? '' : 'stale',
      flag.lastChange.what,
    ]);
    return formatTable(['flag', 'who gets what', '', 'last change'], rows);
  });
  return exitCode.done;
}
