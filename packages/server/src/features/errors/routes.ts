import { BelayError } from '@belay/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { actorOf, principalOf } from '../../platform/http/principal.ts';
import { defineRoutes } from '../../platform/http/route.ts';
import type { Database } from '../../platform/sqlite/database.ts';
import { findPaths } from '../changes/api.ts';
import type { SentryKeys } from './ingest/sentry-keys.ts';
import { listEvents, requireEvent } from './issues/event-reader.ts';
import { countIssues } from './issues/issue-counts.ts';
import { type DetailReading, issueDetail, requireIssue } from './issues/issue-detail.ts';
import { listIssues } from './issues/issue-list.ts';
import type { IssueService } from './issues/issue-service.ts';
import type { SourceMaps } from './source-maps/source-maps.ts';

export interface ErrorsRoutesOptions {
  readonly db: Database;
  readonly reading: DetailReading;
  readonly service: IssueService;
  readonly sourceMaps: SourceMaps;
  readonly keys: SentryKeys;
  /** Address under which SDKs reach Belay; null: the one that the caller used. */
  readonly publicUrl: string | null;
}

export function errorsRoutes(options: ErrorsRoutesOptions): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    issueRoutes(app, options);
    sourceMapRoutes(app, options);
    keyRoutes(app, options);
  };
}

function issueRoutes(app: FastifyInstance, { db, reading, service }: ErrorsRoutesOptions): void {
  defineRoutes(app, {
    issueList: ({ query }) => listIssues(reading, query),
    issueCounts: ({ query }) => countIssues(reading, query),
    issueGet: ({ params }) => issueDetail(reading, params.id),
    issueEvents: async ({ params, query }) => {
      const issue = await requireIssue(db, params.id);
      return listEvents(reading, reading.book.keysOf(issue.id), query);
    },
    issueEvent: async ({ params }) => {
      const issue = await requireIssue(db, params.id);
      return requireEvent(reading, { issue, keys: reading.book.keysOf(issue.id), eventId: params.eventId });
    },
    issueAct: async ({ params, body, request }) => {
      const id = await service.act(params.id, body, actorOf(principalOf(request)));
      return issueDetail(reading, id);
    },
    rolloutNewErrors: async ({ params }) => reading.newPaths.ofRollout(await findPaths(db, params.id)),
  });
}

function sourceMapRoutes(app: FastifyInstance, { sourceMaps }: ErrorsRoutesOptions): void {
  defineRoutes(app, {
    sourceMapUpload: ({ body }) => {
      if (body.release !== undefined || body.debugId !== undefined) return sourceMaps.upload(body);
      throw new BelayError('request.invalid', 'A source map needs a release or a debug id to be found by.', {
        issues: [
          { path: 'release', message: 'is missing, and so is debugId', mend: 'give the release that the SDK reports' },
        ],
      });
    },
    sourceMapList: ({ query }) => sourceMaps.list(query),
    sourceMapDelete: async ({ params }) => {
      await sourceMaps.remove(params.id);
      return {};
    },
  });
}

function keyRoutes(app: FastifyInstance, { keys, publicUrl }: ErrorsRoutesOptions): void {
  defineRoutes(app, {
    sentryKeyList: ({ query }) => keys.list(query),
    sentryKeyCreate: ({ body, request }) =>
      keys.create(body.service, { actor: actorOf(principalOf(request)), baseUrl: publicUrl ?? ownUrl(request) }),
    sentryKeyRevoke: async ({ params, request }) => {
      await keys.revoke(params.id, actorOf(principalOf(request)));
      return {};
    },
  });
}

function ownUrl(request: FastifyRequest): string {
  const url = `${request.protocol}://${request.host}`;
  return URL.canParse(url) ? url : 'http://127.0.0.1:4600';
}
