import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';
import { formatTable } from '../table.ts';
import type { ListFlags } from './rollout-list.ts';

/** Lists the keys of Sentry SDKs; the keys themselves are never stored. */
export async function sentryKeys(run: Run, flags: ListFlags): Promise<ExitCode> {
  const api = await run.api();
  const page = await api.call('sentryKeyList', { query: { limit: flags.limit } });
  run.output.answer(page, () => {
    if (page.items.length === 0) return 'There is none yet. Make one: belay sentry dsn <service>';
    const rows = page.items.map((key) => [
      key.id,
      key.service,
      `${key.hint}...`,
      key.lastUsedAt === null ? 'never used' : `used ${new Date(key.lastUsedAt).toISOString()}`,
    ]);
    return formatTable(['id', 'service', 'key', 'use'], rows);
  });
  return exitCode.done;
}

/** Revokes a key. */
export async function sentryRevoke(run: Run, _flags: CommonFlags, id: string): Promise<ExitCode> {
  const api = await run.api();
  await api.call('sentryKeyRevoke', { params: { id } });
  run.output.answer({ id, revoked: true }, () => `${id} is revoked.`);
  return exitCode.done;
}
