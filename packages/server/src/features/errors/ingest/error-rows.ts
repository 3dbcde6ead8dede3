import type { ErrorEvent } from '@belay/core/errors';
import { rowSet, errorEventsTable, type RowSet } from '../../telemetry/api.ts';

/** An event as a row: grouped, named, redacted. Ids are hexadecimal, keys 16 digits. */
export interface ErrorRow {
  readonly project: string;
  readonly event: ErrorEvent;
  readonly key: string;
  readonly otherKeys: readonly string[];
  readonly groupedBy: string;
  readonly title: string;
  readonly type: string;
  readonly value: string;
  readonly culprit: { readonly function: string; readonly file: string; readonly line: number };
  /** Lower-case names of functions and files, for searching. */
  readonly frames: string;
  readonly handled: boolean | undefined;
  /** 0 when the event names no user. */
  readonly userHash: bigint;
  readonly flagKey: string;
  readonly variant: string;
  readonly rolloutId: string;
  readonly payload: string;
  /** 0 where another row tells the same error. */
  readonly weight: number;
}

/** `handled` as stored. */
export const handledCodes = { no: 0, yes: 1, unknown: 2 } as const;

type Columns = ReturnType<(typeof errorEventsTable)['newBlock']>;

/** Error events of one request. */
export function errorRows(rows: readonly ErrorRow[]): RowSet {
  return rowSet<Columns>(errorEventsTable, { rows: rows.length }, (c, arrival) => {
    for (const row of rows) {
      c._in.push(arrival.second);
      c._req.push(arrival.request);
      pushEvent(c, row);
      pushNames(c, row);
    }
  });
}

function pushEvent(c: Columns, { event, project, userHash, handled, payload, weight }: ErrorRow): void {
  c.ts.push(event.timeMs);
  c.project.push(project);
  c.service.push(event.service);
  c.instance.push(event.instance);
  c.environment.push(event.environment);
  c.release.push(event.release);
  c.event_id.push(Buffer.from(event.eventId, 'hex'));
  c.level.push(event.level);
  c.transaction.push(event.transaction);
  c.user_hash.push(userHash);
  c.trace_id.push(Buffer.from(event.traceId, 'hex'));
  c.span_id.push(Buffer.from(event.spanId, 'hex'));
  c.handled.push(handled === undefined ? handledCodes.unknown : handledCodes[handled ? 'yes' : 'no']);
  c.sdk.push(event.sdk);
  c.platform.push(event.platform);
  c.payload.push(payload);
  c.weight.push(weight);
}

function pushNames(c: Columns, row: ErrorRow): void {
  c.issue.push(BigInt(`0x${row.key}`));
  c.keys.push(row.otherKeys.map((key) => BigInt(`0x${key}`)));
  c.grouped_by.push(row.groupedBy);
  c.title.push(row.title);
  c.type.push(row.type);
  c.value.push(row.value);
  c.culprit.push(culpritText(row.culprit));
  c.culprit_function.push(row.culprit.function);
  c.culprit_file.push(row.culprit.file);
  c.culprit_line.push(row.culprit.line);
  c.frames.push(row.frames);
  c.flag_key.push(row.flagKey);
  c.variant.push(row.variant);
  c.rollout.push(row.rolloutId);
  c.flags.push(Object.entries(row.event.flags).flat());
}

function culpritText(culprit: ErrorRow['culprit']): string {
  const place = culprit.line === 0 ? culprit.file : `${culprit.file}:${culprit.line}`;
  return culprit.function === '' ? place : `${culprit.function} (${place})`;
}
