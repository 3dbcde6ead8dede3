import type { SlotValue } from '@belay/core/baseline';
import type { Sums, SumsQuestion } from '../../telemetry/api.ts';

/** Half-open, Unix ms, both multiples of five minutes. */
export interface SlotRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Rows of one question to the store; the same question within a round is asked once. */
export type Ask = <Row>(query: string, question: Question) => Promise<readonly Row[]>;

/** Where sums of five minutes lie, in rows or in rollups; the same for a whole round. */
export type FindSums = (family: SumsQuestion['family'], range: SlotRange) => Promise<Sums>;

/** How a source is read. */
export interface Asking {
  readonly ask: Ask;
  readonly sums: FindSums;
  readonly range: SlotRange;
}

export interface Question {
  readonly name: string;
  readonly range: SlotRange;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly deadlineMs?: number;
  readonly maxRowsRead?: number;
}

export const SLOT_MS = 300_000;

/** Values in the order of their slots; what is not a number is a gap. */
export function slotsOf(
  rows: readonly { readonly slot: number; readonly value: number | null; readonly count: number | null }[],
): SlotValue[] {
  return rows
    .flatMap(({ slot, value, count }) =>
      value === null || !Number.isFinite(value) ? [] : [{ at: slot * 1000, value, count }],
    )
    .sort((a, b) => a.at - b.at);
}

/** Conditions of exact attributes on a map column, with their parameters: values never stand in the query's text. */
export function attributeConditions(
  column: string,
  where: Readonly<Record<string, string>> | undefined,
  prefix: string,
): { readonly sql: string; readonly parameters: Readonly<Record<string, string>> } {
  const parameters: Record<string, string> = {};
  const conditions = Object.entries(where ?? {}).map(([key, value], index) => {
    parameters[`${prefix}k${index}`] = key;
    parameters[`${prefix}v${index}`] = value;
    return `AND ${column}[{${prefix}k${index}:String}] = {${prefix}v${index}:String}`;
  });
  return { sql: conditions.join(' '), parameters };
}
