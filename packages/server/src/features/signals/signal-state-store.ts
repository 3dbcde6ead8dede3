import { type Baseline, type HourValue, startWatch, type Step, type WatchState } from '@belay/core/baseline';
import type { Selectable } from 'kysely';
import type { DatabaseConnection, DatabaseTransaction } from '../../platform/sqlite/database.ts';
import type { SignalStateTable } from '../../platform/sqlite/signals-tables.ts';
import type { StoredSignal } from './signal-store.ts';

/** How far a signal was evaluated, and what was learnt. */
export interface SignalState {
  readonly pointsKey: string;
  readonly signalId: string;
  /** End of the newest slot that was asked for, Unix ms; 0 before the first. */
  readonly evaluatedThrough: number;
  /** Hours since the epoch before which all hours are folded; 0 before the first. */
  readonly hoursThrough: number;
  readonly firstAt: number | null;
  /** Start of the newest slot with a value. */
  readonly lastAt: number | null;
  readonly lastValue: number | null;
  readonly baseline: Baseline | null;
  readonly watch: WatchState;
  readonly steps: readonly Step[];
  readonly problem: string | null;
}

/** A value of an hour, and whether baselines leave it out. */
export interface StoredHour extends HourValue {
  readonly excluded: boolean;
}

export function startState({ pointsKey, id }: Pick<StoredSignal, 'pointsKey' | 'id'>): SignalState {
  return {
    pointsKey,
    signalId: id,
    evaluatedThrough: 0,
    hoursThrough: 0,
    firstAt: null,
    lastAt: null,
    lastValue: null,
    baseline: null,
    watch: startWatch(),
    steps: [],
    problem: null,
  };
}

export async function readStates(db: DatabaseConnection): Promise<ReadonlyMap<string, SignalState>> {
  const rows = await db.selectFrom('signal_states').selectAll().execute();
  return new Map(rows.map((row) => [row.points_key, stateOf(row)]));
}

export async function readState(db: DatabaseConnection, signal: StoredSignal): Promise<SignalState> {
  const row = await db
    .selectFrom('signal_states')
    .selectAll()
    .where('points_key', '=', signal.pointsKey)
    .executeTakeFirst();
  return row === undefined ? startState(signal) : stateOf(row);
}

export async function saveState(trx: DatabaseTransaction, state: SignalState): Promise<void> {
  const row = {
    points_key: state.pointsKey,
    signal_id: state.signalId,
    evaluated_through: state.evaluatedThrough,
    hours_through: state.hoursThrough,
    first_at: state.firstAt,
    last_at: state.lastAt,
    last_value: state.lastValue,
    baseline_json: state.baseline === null ? null : JSON.stringify(state.baseline),
    watch_json: JSON.stringify(state.watch),
    steps_json: JSON.stringify(state.steps),
    problem: state.problem,
  };
  await trx
    .insertInto('signal_states')
    .values(row)
    .onConflict((conflict) => conflict.column('points_key').doUpdateSet(row))
    .execute();
}

export async function readHours(db: DatabaseConnection, pointsKey: string, fromHour: number): Promise<StoredHour[]> {
  const rows = await db
    .selectFrom('signal_hours')
    .select(['hour', 'value', 'count', 'excluded'])
    .where('points_key', '=', pointsKey)
    .where('hour', '>=', fromHour)
    .orderBy('hour')
    .execute();
  return rows.map((row) => ({ ...row, excluded: row.excluded === 1 }));
}

export async function saveHours(
  trx: DatabaseTransaction,
  pointsKey: string,
  hours: readonly StoredHour[],
): Promise<void> {
  for (const { hour, value, count, excluded } of hours) {
    const row = { points_key: pointsKey, hour, value, count, excluded: excluded ? (1 as const) : (0 as const) };
    await trx
      .insertInto('signal_hours')
      .values(row)
      .onConflict((conflict) => conflict.columns(['points_key', 'hour']).doUpdateSet(row))
      .execute();
  }
}

/** From an hour on: leaves hours out of baselines, or takes them in again. */
export async function excludeHours(
  trx: DatabaseTransaction,
  pointsKey: string,
  { fromHour, excluded }: { readonly fromHour: number; readonly excluded: boolean },
): Promise<void> {
  await trx
    .updateTable('signal_hours')
    .set({ excluded: excluded ? 1 : 0 })
    .where('points_key', '=', pointsKey)
    .where('hour', '>=', fromHour)
    .execute();
}

/** Hours are kept for a year. */
export async function forgetHoursBefore(trx: DatabaseTransaction, hour: number): Promise<void> {
  await trx.deleteFrom('signal_hours').where('hour', '<', hour).execute();
}

function stateOf(row: Selectable<SignalStateTable>): SignalState {
  return {
    pointsKey: row.points_key,
    signalId: row.signal_id,
    evaluatedThrough: row.evaluated_through,
    hoursThrough: row.hours_through,
    firstAt: row.first_at,
    lastAt: row.last_at,
    lastValue: row.last_value,
    // Decoders: these columns hold only what was written from the same types above.
    baseline: row.baseline_json === null ? null : (JSON.parse(row.baseline_json) as Baseline),
    watch: JSON.parse(row.watch_json) as WatchState,
    steps: JSON.parse(row.steps_json) as Step[],
    problem: row.problem,
  };
}
