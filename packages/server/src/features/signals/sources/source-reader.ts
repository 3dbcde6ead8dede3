import type { SlotValue } from '@belay/core/baseline';
import type { TelemetryReader } from '../../telemetry/api.ts';
import type { SignalDefinition } from '../signal-definition.ts';
import { readErrors, readLogs } from './log-source.ts';
import { readMetric } from './metric-source.ts';
import { readOutcomes } from './outcome-source.ts';
import { readPrometheus } from './prometheus-source.ts';
import { type Ask, type FindSums, SLOT_MS, type SlotRange } from './source-types.ts';
import { readSpans } from './span-source.ts';
import { readSql } from './sql-source.ts';

export interface SourceOptions {
  readonly reader: TelemetryReader;
  readonly prometheus: readonly string[];
}

/** Values of a signal by slot of five minutes, oldest first; slots without data are missing. */
export type ReadSlots = (definition: SignalDefinition, range: SlotRange) => Promise<SlotValue[]>;

/** Reads for one round: what several signals ask alike is asked once. */
export function createRound({ reader, prometheus }: SourceOptions): ReadSlots {
  const asked = new Map<string, Promise<readonly unknown[]>>();
  const ask: Ask = <Row>(query: string, question: Parameters<Ask>[1]) => {
    const { range, parameters = {}, name, deadlineMs, maxRowsRead } = question;
    const values = { ...parameters, from: range.fromMs / 1000, to: range.toMs / 1000 };
    const key = JSON.stringify([query, values]);
    const known = asked.get(key);
    // The key holds the query, and the query tells the type of its rows.
    if (known !== undefined) return known as Promise<readonly Row[]>;
    const rows = reader.rows<Row>(query, {
      name,
      parameters: values,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      ...(maxRowsRead === undefined ? {} : { maxRowsRead }),
    });
    asked.set(key, rows);
    return rows;
  };
  const found = new Map<string, ReturnType<FindSums>>();
  const sums: FindSums = (family, { fromMs, toMs }) => {
    const key = JSON.stringify([family, fromMs, toMs]);
    const known = found.get(key) ?? reader.sums({ family, fromMs, toMs, stepSeconds: SLOT_MS / 1000 });
    found.set(key, known);
    return known;
  };
  return (definition, range) => {
    const { source } = definition;
    switch (source.type) {
      case 'metric':
        return readMetric(definition, source, { ask, sums, range });
      case 'spans':
        return readSpans(definition, source, { ask, sums, range });
      case 'logs':
        return readLogs(definition, source, { ask, sums, range });
      case 'errors':
        return readErrors(source, { ask, sums, range });
      case 'outcomes':
        return readOutcomes(definition, source, { ask, range });
      case 'sql':
        return readSql(source.query, { ask, range });
      case 'prometheus':
        return readPrometheus(source, { allowed: prometheus }, range);
    }
  };
}
