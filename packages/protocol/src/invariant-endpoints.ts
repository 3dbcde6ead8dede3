import { endpoint } from './endpoint.ts';
import { invariantCheckRequest, invariantList } from './invariants.ts';

/** Named queries over the databases in use that must hold. */
export const invariantEndpoints = {
  invariantList: endpoint({
    method: 'GET',
    path: '/api/v1/invariants',
    summary: 'Invariants of the data, and whether they hold',
    tag: 'invariants',
    scope: 'read',
    response: invariantList,
  }),
  invariantCheck: endpoint({
    method: 'POST',
    path: '/api/v1/invariants/check',
    summary: 'Check invariants now',
    tag: 'invariants',
    scope: 'operate',
    body: invariantCheckRequest,
    response: invariantList,
  }),
};
