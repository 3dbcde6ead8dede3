import type { TelemetryBatch } from '@belay/wire';
import { evaluationRows } from './evaluations.ts';
import { logRows } from './logs.ts';
import { outcomeRows } from './outcomes.ts';
import { resourceRows } from './resources.ts';
import type { WriteRequest } from './row-set.ts';
import { spanRows } from './spans.ts';

/** What a decoded batch of outcomes, evaluations, spans and log records stores. */
export function rowsOfBatch({ outcomes, evaluations, spans, logs }: TelemetryBatch): WriteRequest {
  const sets = [spanRows(spans, evaluations), logRows(logs), evaluationRows(evaluations), outcomeRows(outcomes)];
  const resources = resourceRows([...spans, ...logs].map(({ resource }) => resource));
  return { rows: sets.filter((set) => set.rows > 0), upkeep: resources.keys.length === 0 ? [] : [resources] };
}
