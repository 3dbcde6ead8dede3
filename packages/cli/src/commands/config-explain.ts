import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';
import { formatTable } from '../table.ts';

/** Prints every value in force on the server, and where it comes from. */
export async function configExplain(run: Run, _flags: CommonFlags): Promise<ExitCode> {
  const api = await run.api();
  const config = await api.call('configGet', {});
  run.output.answer(config, () => {
    const rows = config.values.map(({ path, value, origin }) => [path, JSON.stringify(value) ?? '', origin]);
    return formatTable(['key', 'value', 'from'], rows);
  });
  return exitCode.done;
}
