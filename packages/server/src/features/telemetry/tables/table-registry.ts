import { checkInsTable } from './check-ins.ts';
import { errorEventsTable } from './error-events.ts';
import { evaluationsTable } from './evaluations.ts';
import { exemplarsTable } from './exemplars.ts';
import { exponentialPointsTable } from './exponential-points.ts';
import { histogramPointsTable } from './histogram-points.ts';
import { logsTable } from './logs.ts';
import { numberPointsTable } from './number-points.ts';
import { outcomesTable } from './outcomes.ts';
import { resourcesTable } from './resources.ts';
import { sentrySessionsTable } from './sentry-sessions.ts';
import { seriesTable } from './series.ts';
import { marksTable, rollupTables } from './rollup-tables.ts';
import { signalPointsTable } from './signal-points.ts';
import { spansTable } from './spans.ts';
import { summaryPointsTable } from './summary-points.ts';
import type { RequestTable, TableDefinition, UpkeepTable } from './table-definition.ts';
import { userFeedbackTable } from './user-feedback.ts';

/**
 * Tables that requests write to, in the order in which a commit writes them. Spans and logs come before evaluations and
 * outcomes, so that an evaluation is never there without its unit because of a crash in between.
 */
export const requestTables: readonly RequestTable[] = [
  spansTable,
  logsTable,
  numberPointsTable,
  histogramPointsTable,
  exponentialPointsTable,
  summaryPointsTable,
  exemplarsTable,
  errorEventsTable,
  sentrySessionsTable,
  checkInsTable,
  userFeedbackTable,
  evaluationsTable,
  outcomesTable,
];

/** Tables of facts, written before the rows that refer to them. */
export const upkeepTables: readonly UpkeepTable[] = [resourcesTable, seriesTable];

/** Tables that Belay itself writes, computed from the others. */
export const derivedTables: readonly TableDefinition[] = [signalPointsTable];

/** Every table of the store. */
export const allTables: readonly TableDefinition[] = [
  ...requestTables,
  ...upkeepTables,
  ...rollupTables,
  ...derivedTables,
  marksTable,
];
