import { endpoint } from './endpoint.ts';
import { ageingRun, storagePlan, storageView } from './storage.ts';

/** What telemetry takes, what was saved and dropped, and how old data gives way. */
export const storageEndpoints = {
  storageGet: endpoint({
    method: 'GET',
    path: '/api/v1/storage',
    summary: 'What telemetry takes on disk, what was saved, what was dropped',
    tag: 'storage',
    scope: 'read',
    response: storageView,
  }),
  storagePlan: endpoint({
    method: 'GET',
    path: '/api/v1/storage/plan',
    summary: 'What ageing would do now, without doing it',
    tag: 'storage',
    scope: 'read',
    response: storagePlan,
  }),
  storageAge: endpoint({
    method: 'POST',
    path: '/api/v1/storage/age',
    summary: 'Age now instead of at the next hour',
    tag: 'storage',
    scope: 'operate',
    response: ageingRun,
  }),
};
