import { BelayError } from '@belay/core';
import type { BackupReceipt, SafetyOperation, SafetyView } from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import type { Principal } from '../../platform/http/principal.ts';
import { defineRoutes } from '../../platform/http/route.ts';
import { entryOf } from './backup-context.ts';
import type { Backups } from './backups.ts';
import { backupDetailOf, backupViewOf, newestFirst } from './views/backup-views.ts';

interface Paging {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Parse, call, present. */
export function safetyRoutes(app: FastifyInstance, backups: Backups, view: () => Promise<SafetyView>): void {
  const { context, leases, operations, retention } = backups;
  const { catalogue } = context;
  defineRoutes(app, {
    safetyGet: view,
    async backupList({ query }) {
      const entries = await catalogue.entries({ source: query.source, withRemoved: query.removed === 'true' });
      return pageOf(newestFirst(entries).map(backupViewOf), query);
    },
    backupGet: async ({ params }) => backupDetailOf(await entryOf(context, params.id)),
    backupCreate: ({ body, principal }) => backups.backup(body, nameOf(principal)),
    backupVerify: ({ params, principal }) => backups.verify(params.id, nameOf(principal)),
    backupDrill: ({ params, body, principal }) => backups.drill(params.id, body.from, nameOf(principal)),
    restorePlan: ({ params, query }) => backups.planRestore(params.id, query),
    backupRestore: ({ params, body, principal }) => backups.restore(params.id, body, nameOf(principal)),
    async backupPin({ params, body }) {
      await entryOf(context, params.id);
      await catalogue.setPin(params.id, body.pin);
      return backupViewOf(await entryOf(context, params.id));
    },
    async drillList({ query }) {
      const entries = await catalogue.entries({ source: query.source, withRemoved: true });
      const receipts = entries
        .flatMap((entry) => entry.receipts)
        .filter(({ level }) => query.level === undefined || level === query.level)
        .toSorted((a: BackupReceipt, b: BackupReceipt) => b.startedAt - a.startedAt);
      return pageOf(receipts, query);
    },
    safetyOperationList: async ({ query }) => pageOf(await latest(backups), query),
    async safetyOperationGet({ params }) {
      const found = await operations.find(params.id);
      if (found !== undefined) return found;
      throw new BelayError('backup.not-found', `There is no operation ${params.id.slice(0, 64)}.`, {
        hint: 'Operations are kept for a while: GET /api/v1/safety/operations lists them.',
      });
    },
    retentionPlan: () => retention.plan(),
    retentionRun: ({ principal }) => backups.retain(nameOf(principal)),
    catalogueRebuild: ({ principal }) => backups.rebuild(nameOf(principal)),
    leaseList: async () => ({ items: [...(await leases.list())] }),
    leaseAcquire: ({ body }) => leases.acquire(body),
    async leaseRelease({ params }) {
      await leases.release(params.id);
      return {};
    },
  });
}

/** Those that run are newer in memory than in the catalogue. */
async function latest({ context, operations }: Backups): Promise<readonly SafetyOperation[]> {
  const running = new Map(operations.running().map((operation) => [operation.id, operation]));
  return (await context.catalogue.operations()).map((operation) => running.get(operation.id) ?? operation);
}

/** The cursor is the place of the next item; lists are short and change rarely. */
function pageOf<T>(items: readonly T[], { cursor, limit }: Paging): { items: T[]; next: string | null } {
  const from = cursor === undefined ? 0 : Number(cursor);
  if (!Number.isInteger(from) || from < 0)
    throw new BelayError('request.invalid', `The cursor "${cursor}" is not one that a list gave.`, {
      hint: 'Use `next` of the page before.',
    });
  const next = from + limit < items.length ? String(from + limit) : null;
  return { items: items.slice(from, from + limit), next };
}

function nameOf(principal: Principal | null): string {
  return principal?.name ?? 'unknown';
}
