import { createRedactor } from '@belay/core/redaction';
import { createColumnDecoder, type DecodedColumns, type TelemetryBatch } from '@belay/wire';
import { evaluationRows } from './evaluations.ts';
import { logRows } from './logs.ts';
import { outcomeRows } from './outcomes.ts';
import { resourceRows } from './resources.ts';
import type { WriteRequest } from './row-set.ts';
import { spanRows } from './spans.ts';

/** What a decoded request of spans or log records stores. */
export function rowsOfColumns({ spans, logs, evaluations }: DecodedColumns): WriteRequest {
  const sets = [
    ...(spans === undefined ? [] : [spanRows(spans)]),
    ...(logs === undefined ? [] : [logRows(logs)]),
    evaluationRows(evaluations),
  ];
  const resources = resourceRows([...(spans?.resources ?? []), ...(logs?.resources ?? [])]);
  return { rows: sets.filter((set) => set.rows > 0), upkeep: resources.keys.length === 0 ? [] : [resources] };
}

/** So late that no time is in its future: who made rows has seen to their times. */
const ANY_TIME_MS = Date.UTC(2250, 0);
const decoder = createColumnDecoder({ redactor: createRedactor() });

/** What rows store that came in another way than as OTLP; their secrets are taken out by the built-in rules. */
export function rowsOfBatch({ outcomes, evaluations, spans, logs }: TelemetryBatch): WriteRequest {
  const sets = [evaluationRows(evaluations), outcomeRows(outcomes)].filter((set) => set.rows > 0);
  if (spans.length === 0 && logs.length === 0) return { rows: sets };
  const columns = rowsOfColumns({
    ...decoder.spanRows(spans, ANY_TIME_MS),
    logs: decoder.logRows(logs, ANY_TIME_MS).logs,
    evaluations: [],
  });
  return { rows: [...columns.rows, ...sets], upkeep: columns.upkeep ?? [] };
}
