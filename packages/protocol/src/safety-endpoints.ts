import { z } from 'zod';
import { backupReceipt } from './backup-manifest.ts';
import { endpoint } from './endpoint.ts';
import { page, pageQuery } from './primitives.ts';
import { backupName } from './safety-config.ts';
import {
  backupDetail,
  backupRequest,
  backupView,
  leaseRequest,
  restorePlan,
  restoreRequest,
  retentionPlanView,
  safetyLease,
  safetyOperation,
  safetyView,
} from './safety.ts';

const starts = { tag: 'safety', scope: 'operate', response: safetyOperation, status: 202 } as const;
const reads = { method: 'GET', tag: 'safety', scope: 'read' } as const;

/** Backups, their proofs, and how to get the data back. What takes a while answers 202 with an operation to follow. */
export const safetyEndpoints = {
  safetyGet: endpoint({
    ...reads,
    path: '/api/v1/safety',
    summary: 'How old is the newest state that is proven restorable, and where is it',
    response: safetyView,
  }),
  backupList: endpoint({
    ...reads,
    path: '/api/v1/safety/backups',
    summary: 'List backups, newest first',
    query: pageQuery.extend({ source: backupName.optional(), removed: z.enum(['true', 'false']).optional() }),
    response: page(backupView),
  }),
  backupGet: endpoint({
    ...reads,
    path: '/api/v1/safety/backups/{id}',
    summary: 'One backup with manifest and receipts',
    response: backupDetail,
  }),
  backupCreate: endpoint({
    ...starts,
    method: 'POST',
    path: '/api/v1/safety/backups',
    summary: 'Back a source up now',
    body: backupRequest,
  }),
  backupVerify: endpoint({
    ...starts,
    method: 'POST',
    path: '/api/v1/safety/backups/{id}/verify',
    summary: 'Read every copy of a backup again, to the last byte (L2)',
  }),
  backupDrill: endpoint({
    ...starts,
    method: 'POST',
    path: '/api/v1/safety/backups/{id}/drill',
    summary: 'Restore a backup beside everything else and check it (L3, L4)',
    body: z.strictObject({ from: backupName.optional() }),
  }),
  backupPin: endpoint({
    method: 'POST',
    path: '/api/v1/safety/backups/{id}/pin',
    summary: 'Keep a backup until the pin is taken away (null)',
    tag: 'safety',
    scope: 'operate',
    body: z.strictObject({ pin: z.string().trim().min(1).max(80).nullable() }),
    response: backupView,
  }),
  restorePlan: endpoint({
    ...reads,
    path: '/api/v1/safety/backups/{id}/restore-plan',
    summary: 'What restoring would do and lose, without doing it',
    query: restoreRequest,
    response: restorePlan,
  }),
  backupRestore: endpoint({
    ...starts,
    scope: 'admin',
    method: 'POST',
    path: '/api/v1/safety/backups/{id}/restore',
    summary: 'Restore into a copy, or in place of the live database',
    body: restoreRequest,
  }),
  drillList: endpoint({
    ...reads,
    path: '/api/v1/safety/receipts',
    summary: 'What verifications and drills found, newest first',
    query: pageQuery.extend({ source: backupName.optional(), level: z.enum(['L2', 'L3', 'L4']).optional() }),
    response: page(backupReceipt),
  }),
  safetyOperationList: endpoint({
    ...reads,
    path: '/api/v1/safety/operations',
    summary: 'What ran and runs, newest first',
    query: pageQuery,
    response: page(safetyOperation),
  }),
  safetyOperationGet: endpoint({
    ...reads,
    path: '/api/v1/safety/operations/{id}',
    summary: 'How far one operation is',
    response: safetyOperation,
  }),
  retentionPlan: endpoint({
    ...reads,
    path: '/api/v1/safety/retention',
    summary: 'Which copies are kept and why, and which would go, without removing any',
    response: retentionPlanView,
  }),
  retentionRun: endpoint({
    ...starts,
    method: 'POST',
    path: '/api/v1/safety/retention',
    summary: 'Mark what is no longer needed, and remove what was marked a day ago',
  }),
  catalogueRebuild: endpoint({
    ...starts,
    method: 'POST',
    path: '/api/v1/safety/rebuild',
    summary: 'Read the manifests at every destination into the catalogue again',
  }),
  leaseList: endpoint({
    ...reads,
    path: '/api/v1/safety/leases',
    summary: 'Who keeps scheduled backups waiting',
    response: z.object({ items: z.array(safetyLease) }),
  }),
  leaseAcquire: endpoint({
    method: 'POST',
    path: '/api/v1/safety/leases',
    summary: 'Keep scheduled backups waiting during a migration or deploy; renews a lease of the same holder',
    tag: 'safety',
    scope: 'operate',
    body: leaseRequest,
    response: safetyLease,
    status: 201,
  }),
  leaseRelease: endpoint({
    method: 'DELETE',
    path: '/api/v1/safety/leases/{id}',
    summary: 'Let scheduled backups go on',
    tag: 'safety',
    scope: 'operate',
    response: z.object({}).meta({ description: 'Nothing' }),
  }),
};
