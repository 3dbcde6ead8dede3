import type { Scope } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';

export interface TokenCreateFlags extends CommonFlags {
  readonly scope: readonly Scope[];
  readonly days?: number;
}

/** Creates a token and prints its secret, once. */
export async function tokenCreate(run: Run, flags: TokenCreateFlags, name: string): Promise<ExitCode> {
  const api = await run.api();
  const created = await api.call('tokenCreate', {
    body: { name, scopes: [...flags.scope], ...(flags.days === undefined ? {} : { expiresInDays: flags.days }) },
  });
  run.output.answer(created, () => created.secret);
  run.output.notice('Keep it safe: it is shown only now.');
  return exitCode.done;
}
