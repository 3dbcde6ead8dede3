import { BelayError } from '@belay/core';
import type { CardinalityView } from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import { defineRoutes } from '../../platform/http/route.ts';

/** Which services have many series, and which label makes them. */
export function cardinalityRoutes(report: (service?: string) => readonly CardinalityView[]) {
  return async (app: FastifyInstance): Promise<void> => {
    defineRoutes(app, {
      metricCardinality({ query: { service, cursor, limit } }) {
        const all = report(service);
        const start = cursor === undefined ? 0 : startOf(cursor);
        const end = start + limit;
        return { items: all.slice(start, end), next: end < all.length ? String(end) : null };
      },
    });
  };
}

function startOf(cursor: string): number {
  if (/^\d{1,9}$/.test(cursor)) return Number(cursor);
  throw new BelayError('request.invalid', 'The cursor is not one that this list gave out.', {
    issues: [{ path: 'cursor', message: 'is not a cursor', seen: cursor, mend: 'use "next" of a page' }],
  });
}
