import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';

/** Revokes a token; its streams and sessions end with it. */
export async function tokenRevoke(run: Run, _flags: CommonFlags, id: string): Promise<ExitCode> {
  const api = await run.api();
  await api.call('tokenRevoke', { params: { id } });
  run.output.answer({ revoked: id }, () => `Revoked ${id}.`);
  return exitCode.done;
}
