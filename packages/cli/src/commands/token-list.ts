import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Run } from '../run.ts';
import { formatTable } from '../table.ts';
import type { ListFlags } from './rollout-list.ts';

/** Lists tokens; secrets are never stored and so never shown. */
export async function tokenList(run: Run, flags: ListFlags): Promise<ExitCode> {
  const api = await run.api();
  const page = await api.call('tokenList', { query: { limit: flags.limit } });
  run.output.answer(page, () => {
    const rows = page.items.map((token) => [
      token.id,
      token.name,
      token.scopes.join(','),
      `${token.hint}...`,
      token.lastUsedAt === null ? 'never used' : `used ${new Date(token.lastUsedAt).toISOString()}`,
      token.expiresAt === null ? '' : `ends ${new Date(token.expiresAt).toISOString()}`,
    ]);
    return formatTable(['id', 'name', 'scopes', 'secret', 'use', ''], rows);
  });
  return exitCode.done;
}
