import type { SafetyLease } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import type { CommonFlags, Run } from '../run.ts';
import { formatTable } from '../table.ts';

export interface LeaseFlags extends CommonFlags {
  readonly source?: string;
  readonly reason?: string;
  readonly ttl?: number;
}

/** With a holder: scheduled backups wait while it works. Without one: who holds what. */
export async function backupLease(run: Run, flags: LeaseFlags, holder?: string): Promise<ExitCode> {
  const api = await run.api();
  if (holder === undefined) {
    const { items } = await api.call('leaseList', {});
    run.output.answer({ items }, () => listText(items));
    return exitCode.done;
  }
  const lease = await api.call('leaseAcquire', {
    body: {
      holder,
      reason: flags.reason ?? 'migration',
      ...(flags.source === undefined ? {} : { source: flags.source }),
      ...(flags.ttl === undefined ? {} : { ttl_seconds: Math.round(flags.ttl / 1000) }),
    },
  });
  run.output.answer(
    lease,
    () => `${lease.id}\nuntil ${timeOf(lease.expiresAt)}; end it: belay backup release ${lease.id}`,
  );
  return exitCode.done;
}

/** Lets scheduled backups go on. */
export async function backupRelease(run: Run, _flags: CommonFlags, id: string): Promise<ExitCode> {
  if (id.trim() === '')
    throw new CliFailure({
      code: 'request.invalid',
      exitCode: exitCode.usage,
      what: 'No lease was named.',
      why: 'The id is empty.',
      fix: 'belay backup lease   (lists them)',
    });
  await (await run.api()).call('leaseRelease', { params: { id } });
  run.output.answer({ released: id }, () => 'Released.');
  return exitCode.done;
}

function listText(items: readonly SafetyLease[]): string {
  if (items.length === 0) return 'Nobody holds a lease.';
  const rows = items.map(({ id, source, holder, reason, expiresAt }) => [
    id,
    source ?? 'every source',
    holder,
    reason,
    timeOf(expiresAt),
  ]);
  return formatTable(['lease', 'source', 'holder', 'reason', 'until'], rows);
}

function timeOf(at: number): string {
  return new Date(at).toISOString();
}
