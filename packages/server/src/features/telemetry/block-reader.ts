import type { ClickHouseClient } from '@clickhouse/client';
import type { OutcomeBlock, Side } from '@belay/core';
import type { BlockQuery } from './api.ts';
import { ANY_EVALUATION, lookbackOf, SDK_BLOCKS, SPAN_BLOCKS } from './block-sql.ts';

/** One row of either query: everything of a rollout, second, side, value and group. */
interface BlockRow {
  readonly rollout: string;
  readonly second: number;
  readonly side: Side;
  readonly value_name: string;
  readonly grp: number;
  readonly n: number;
  readonly bad: number;
  readonly exposed: number;
  readonly distinct_bad: number;
  readonly hist: Readonly<Record<string, number>>;
}

/** Reads the blocks of several rollouts with two queries, whatever their number. */
export async function readBlocks(
  client: ClickHouseClient,
  queries: readonly BlockQuery[],
  throughSecond: number,
): Promise<ReadonlyMap<string, readonly OutcomeBlock[]>> {
  const blocks = new Map<string, Map<number, BlockDraft>>(queries.map((query) => [query.rolloutId, new Map()]));
  const open = queries.filter((query) => query.fromSecond <= throughSecond);
  if (open.length > 0) {
    const parameters = parametersOf(open, throughSecond);
    const rows = await Promise.all([
      readRows<BlockRow>(client, SDK_BLOCKS, parameters),
      readSpanRows(client, parameters),
    ]);
    for (const row of rows.flat()) addRow(blocks, row);
  }
  return new Map([...blocks].map(([rolloutId, seconds]) => [rolloutId, inOrder(seconds)]));
}

async function readSpanRows(client: ClickHouseClient, parameters: Record<string, unknown>): Promise<BlockRow[]> {
  const evaluations = await readRows<object>(client, ANY_EVALUATION, parameters);
  return evaluations.length === 0 ? [] : readRows<BlockRow>(client, SPAN_BLOCKS, parameters);
}

async function readRows<Row>(
  client: ClickHouseClient,
  query: string,
  parameters: Record<string, unknown>,
): Promise<Row[]> {
  const result = await client.query({ query, query_params: parameters, format: 'JSONEachRow' });
  return result.json<Row>();
}

function parametersOf(queries: readonly BlockQuery[], through: number): Record<string, unknown> {
  const from = Math.min(...queries.map((query) => query.fromSecond));
  return {
    from,
    through,
    lookback: lookbackOf(from),
    flags: [...new Set(queries.map((query) => query.flagKey))],
    rollouts: queries.map((query) => query.rolloutId),
    rolloutFlags: queries.map((query) => query.flagKey),
    canaries: queries.map((query) => query.canaryVariant),
    controls: queries.map((query) => query.controlVariant),
    froms: queries.map((query) => query.fromSecond),
    revisions: queries.map((query) => query.sinceRevision),
  };
}

interface SideDraft {
  n: number;
  errors: number;
  exposures: number;
  distinctBad: number;
  readonly duration: Map<number, number>;
  readonly values: Map<string, Map<number, number>>;
}

interface BlockDraft extends Record<Side, SideDraft> {
  readonly second: number;
  readonly controlGroups: { readonly n: number[]; readonly errors: number[] };
}

function addRow(blocks: Map<string, Map<number, BlockDraft>>, row: BlockRow): void {
  const seconds = blocks.get(row.rollout);
  if (seconds === undefined) return;
  let block = seconds.get(row.second);
  if (block === undefined) seconds.set(row.second, (block = emptyBlock(row.second)));
  const side = block[row.side];
  side.n += row.n;
  side.errors += row.bad;
  side.exposures += row.exposed;
  side.distinctBad += row.distinct_bad;
  let histogram = side.duration;
  if (row.value_name !== '') {
    histogram = side.values.get(row.value_name) ?? new Map<number, number>();
    side.values.set(row.value_name, histogram);
  }
  for (const [bucket, count] of Object.entries(row.hist)) {
    histogram.set(Number(bucket), (histogram.get(Number(bucket)) ?? 0) + count);
  }
  if (row.side === 'control' && row.grp >= 0) {
    const { n, errors } = block.controlGroups;
    n[row.grp] = (n[row.grp] ?? 0) + row.n;
    errors[row.grp] = (errors[row.grp] ?? 0) + row.bad;
  }
}

function emptyBlock(second: number): BlockDraft {
  const side = (): SideDraft => ({
    n: 0,
    errors: 0,
    exposures: 0,
    distinctBad: 0,
    duration: new Map(),
    values: new Map(),
  });
  const zeros = (): number[] => Array.from({ length: 32 }, () => 0);
  return { second, canary: side(), control: side(), controlGroups: { n: zeros(), errors: zeros() } };
}

/** Maps are put in the order of their keys, so that whoever walks them meets the same order each time. */
function inOrder(seconds: ReadonlyMap<number, BlockDraft>): readonly OutcomeBlock[] {
  const drafts = [...seconds.values()].sort((a, b) => a.second - b.second);
  return drafts.map((draft) => ({ ...draft, canary: sorted(draft.canary), control: sorted(draft.control) }));
}

function sorted(side: SideDraft): SideDraft {
  const byNumber = (map: ReadonlyMap<number, number>): Map<number, number> =>
    new Map([...map].sort(([a], [b]) => a - b));
  const names = [...side.values.keys()].sort();
  return {
    ...side,
    duration: byNumber(side.duration),
    values: new Map(names.map((name) => [name, byNumber(side.values.get(name) ?? new Map<number, number>())])),
  };
}
