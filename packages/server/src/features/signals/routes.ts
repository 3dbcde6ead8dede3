import type { FastifyInstance } from 'fastify';
import { actorOf, principalOf } from '../../platform/http/principal.ts';
import { defineRoutes } from '../../platform/http/route.ts';
import { listAlarms } from './alarm-store.ts';
import { changeMarks } from './change-marks.ts';
import { listRecorded, requireRecorded } from './recorded-change-store.ts';
import { recordChange, recordedView } from './recorded-changes.ts';
import { getScorecard, listScorecards } from './scorecards.ts';
import { getDetail, getSeries, listViews } from './signal-queries.ts';
import { acceptAlarm, deleteSignal, previewSignal, putSignal } from './signal-service.ts';
import type { SignalsContext } from './signals-context.ts';

/** Parse, call, present: signals, alarms, scorecards and recorded changes. `changed` brings what was changed up to date. */
export function signalRoutes(app: FastifyInstance, context: SignalsContext, changed: () => void): void {
  defineRoutes(app, {
    signalList: ({ query }) => listViews(context, query),
    signalGet: ({ params }) => getDetail(context, params.id),
    signalSeries: ({ params, query }) => getSeries(context, params.id, query),
    signalPut: async ({ params: { id }, body, precondition, request }) => {
      await putSignal(context, { id, input: body }, { actor: actorOf(principalOf(request)), precondition });
      changed();
      return getDetail(context, id);
    },
    signalDelete: async ({ params, precondition, request }) => {
      await deleteSignal(context, params.id, { actor: actorOf(principalOf(request)), precondition });
      return {};
    },
    signalPreview: ({ body: { id = 'preview', ...input } }) => previewSignal(context, id, input),
    alarmList: ({ query }) => listAlarms(context.db, query),
    alarmAccept: async ({ params, body, request }) =>
      acceptAlarm(context, params.id, { actor: actorOf(principalOf(request)), reason: body.reason ?? null }),
    scorecardList: ({ query }) => listScorecards(context, query),
    scorecardGet: ({ params }) => getScorecard(context, params.service),
  });
  defineRoutes(app, {
    changeRecord: async ({ body, request }) => {
      const recorded = await recordChange(context, body, actorOf(principalOf(request)));
      changed();
      return recorded;
    },
    changeRecorded: async ({ query }) => {
      const { items, next } = await listRecorded(context.db, query);
      return { items: items.map(recordedView), next };
    },
    changeRecordedGet: async ({ params }) => recordedView(await requireRecorded(context.db, params.id)),
    changeMarks: async ({ query: { from, to, service } }) => ({
      items: await changeMarks(context.db, { fromMs: from, toMs: to, service }),
    }),
  });
}
