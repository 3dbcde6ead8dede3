import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Run } from '../run.ts';
import { formatTable } from '../table.ts';
import type { ListFlags } from './rollout-list.ts';

/** Lists uploaded source maps, newest first. */
export async function sourcemapsList(run: Run, flags: ListFlags): Promise<ExitCode> {
  const api = await run.api();
  const page = await api.call('sourceMapList', { query: { limit: flags.limit } });
  run.output.answer(page, () => {
    if (page.items.length === 0)
      return 'There is none yet. Upload some: belay sourcemaps upload <folder> --release <release>';
    const rows = page.items.map((map) => [map.id, map.release ?? '', map.file, `${Math.ceil(map.bytes / 1024)} KiB`]);
    return formatTable(['id', 'release', 'bundle', 'size'], rows);
  });
  return exitCode.done;
}
