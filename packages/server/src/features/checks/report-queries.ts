import { BelayError } from '@belay/core';
import type { Incident } from '@belay/core/health';
import type { CheckIncidentView, StartupReportView } from '@belay/protocol';
import type { Selectable } from 'kysely';
import type { CheckIncidentTable, StartupReportTable } from '../../platform/sqlite/checks-tables.ts';
import type { DatabaseConnection } from '../../platform/sqlite/database.ts';
import { checksById } from './check-store.ts';

interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function listIncidents(
  db: DatabaseConnection,
  query: PageQuery & { readonly state?: 'open' | 'ended' | undefined },
): Promise<{ items: CheckIncidentView[]; next: string | null }> {
  let select = db
    .selectFrom('check_incidents')
    .selectAll()
    .orderBy('number', 'desc')
    .limit(query.limit + 1);
  if (query.cursor !== undefined) select = select.where('number', '<', numberOf(query.cursor));
  if (query.state !== undefined) select = select.where('ended_at', query.state === 'open' ? 'is' : 'is not', null);
  const rows = await select.execute();
  const items = rows.slice(0, query.limit);
  const muting = await checksById(
    db,
    items.flatMap((row) => incidentOf(row).mutedBy ?? []),
  );
  return {
    items: items.map((row) => incidentView(row, (id) => muting.get(id)?.title ?? id)),
    next: rows.length > query.limit ? String(items.at(-1)?.number) : null,
  };
}

export async function listStartups(
  db: DatabaseConnection,
  query: PageQuery & { readonly service?: string | undefined; readonly ok?: 'true' | 'false' | undefined },
): Promise<{ items: StartupReportView[]; next: string | null }> {
  let select = db
    .selectFrom('startup_reports')
    .selectAll()
    .orderBy('number', 'desc')
    .limit(query.limit + 1);
  if (query.cursor !== undefined) select = select.where('number', '<', numberOf(query.cursor));
  if (query.service !== undefined) select = select.where('service', '=', query.service);
  if (query.ok !== undefined) select = select.where('ok', '=', query.ok === 'true' ? 1 : 0);
  const rows = await select.execute();
  const items = rows.slice(0, query.limit);
  return { items: items.map(startupView), next: rows.length > query.limit ? String(items.at(-1)?.number) : null };
}

function incidentView(row: Selectable<CheckIncidentTable>, titleOf: (id: string) => string): CheckIncidentView {
  const incident = incidentOf(row);
  const { told, mutedBy } = incident;
  const state = row.ended_at !== null ? 'ended' : mutedBy !== null ? 'muted' : (told ?? 'waiting');
  return {
    id: row.id,
    key: row.key,
    cause: incident.cause,
    sentence: row.sentence,
    tone: state === 'ended' ? 'none' : state === 'down' ? 'bad' : 'wait',
    state,
    openedAt: row.opened_at,
    toldAt: told === null ? null : incident.toldAt,
    endedAt: row.ended_at,
    reminders: incident.reminders,
    checkIds: [...incident.checkIds],
    mutedBy: mutedBy === null ? null : titleOf(mutedBy),
  };
}

function startupView(row: Selectable<StartupReportTable>): StartupReportView {
  // Decoder: written by takeReport from the same type.
  const checks = JSON.parse(row.checks_json) as StartupReportView['checks'];
  const failed = checks.filter(({ outcome }) => outcome === 'fail').length;
  const warned = checks.filter(({ outcome }) => outcome === 'warn').length;
  const passed = checks.length - failed - warned;
  const parts = [`${passed} of ${checks.length} checks passed`];
  if (warned > 0) parts.push(warned === 1 ? '1 warning' : `${warned} warnings`);
  if (failed > 0) parts.push(`${failed} failed`);
  const ok = row.ok === 1;
  return {
    id: String(row.number),
    service: row.service,
    instance: row.instance,
    version: row.version,
    at: row.at,
    ok,
    sentence: `${row.service} ${ok ? 'started' : 'refused to start'}: ${parts.join(', ')}.`,
    tone: !ok ? 'bad' : failed + warned > 0 ? 'wait' : 'ok',
    checks,
  };
}

/** Decoder: written by the incident keeper from the same type. */
function incidentOf({ incident_json }: Selectable<CheckIncidentTable>): Incident {
  return JSON.parse(incident_json) as Incident;
}

function numberOf(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new BelayError('request.invalid', 'The cursor is not one that this list gave out.', {
    issues: [{ path: 'cursor', message: 'is not a cursor of this list', seen: cursor, mend: 'use "next" of a page' }],
  });
}
