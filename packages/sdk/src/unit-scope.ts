import { AsyncLocalStorage } from 'node:async_hooks';
import type { OutcomeSeries } from './outcome-accumulator.ts';

/** How a unit of work ended. */
export interface UnitEnd {
  readonly failed: boolean;
  readonly durationMs: number;
}

/** What a unit of work has met: kept on the unit itself, so that it goes when the unit goes. */
export interface UnitNote {
  /** The rollout's watch, or the key of a flag without a rollout: a unit has one note for each. */
  readonly owner: unknown;
  readonly series: OutcomeSeries;
  /** Of the unit key; undefined where there is none. */
  readonly fingerprint: number | undefined;
  /** Is told how the unit ended. */
  readonly ended: (note: UnitNote, unit: Unit, end: UnitEnd) => void;
}

/** One HTTP request, job, command or message. */
export interface Unit {
  readonly name: string;
  /** Route template or job name, for people. */
  describe: (() => string | undefined) | undefined;
  /** Who the unit is for, where a flag is read without a key. */
  keyOf: (() => string | undefined) | undefined;
  readonly startedAt: number;
  hasEnded: boolean;
  /** Absent until the unit meets a flag that is counted. */
  notes: UnitNote[] | undefined;
  /** Tracked values, summed by name. */
  values: Map<string, number> | undefined;
  /** Called when the first note is taken: that is when the end of the unit begins to matter. */
  watchEnd: (() => void) | undefined;
}

/** What all copies of this package in one process share, so that ESM, CommonJS and adapters see the same units. */
export interface UnitScope {
  readonly storage: AsyncLocalStorage<Unit>;
  /** Clients that want HTTP requests as units; the first subscribes, the last unsubscribes. */
  httpUsers: number;
  stopHttp: (() => void) | undefined;
}

/** The process's units. Kept on `globalThis`, because a bundle may hold this package twice. */
export function unitScope(): UnitScope {
  const present: unknown = Reflect.get(globalThis, scopeKey);
  if (isUnitScope(present)) return present;
  const scope: UnitScope = { storage: new AsyncLocalStorage(), httpUsers: 0, stopHttp: undefined };
  Reflect.set(globalThis, scopeKey, scope);
  return scope;
}

/** The number is that of the shape of {@link UnitScope}: a copy with another shape must not share it. */
const scopeKey = Symbol.for('@belay/node units 2');

function isUnitScope(value: unknown): value is UnitScope {
  return typeof value === 'object' && value !== null && 'storage' in value && 'httpUsers' in value;
}

/** The unit of work that the caller runs in, unless it has ended. */
export function currentUnit(): Unit | undefined {
  const unit = unitScope().storage.getStore();
  return unit === undefined || unit.hasEnded ? undefined : unit;
}

/** Begins a unit; nothing is watched until it meets a guarded flag. */
export function openUnit(name: string, startedAt: number): Unit {
  return {
    name,
    describe: undefined,
    keyOf: undefined,
    startedAt,
    hasEnded: false,
    notes: undefined,
    values: undefined,
    watchEnd: undefined,
  };
}

/** Ends a unit once and tells those who noted it. */
export function endUnit(unit: Unit, failed: boolean): void {
  if (unit.hasEnded) return;
  unit.hasEnded = true;
  const end = { failed, durationMs: performance.now() - unit.startedAt };
  for (const note of unit.notes ?? []) note.ended(note, unit, end);
  // A connection opened within the unit keeps its context, and with it the unit, alive for long.
  unit.watchEnd = undefined;
  unit.keyOf = undefined;
  unit.describe = undefined;
}

/** What a unit has noted for an owner. */
export function noteOf(unit: Unit, owner: unknown): UnitNote | undefined {
  return unit.notes?.find((note) => note.owner === owner);
}

/** Notes something on a unit, in place of what the same owner noted before. */
export function noteOnUnit(unit: Unit, note: UnitNote): void {
  if (unit.notes === undefined) {
    unit.notes = [];
    unit.watchEnd?.();
    // Watching may find that the unit is over already.
    if (unit.hasEnded) return;
  }
  const index = unit.notes.findIndex(({ owner }) => owner === note.owner);
  if (index < 0) unit.notes.push(note);
  else unit.notes[index] = note;
}

/** Runs `work` as one unit: it fails when `work` throws or rejects. */
export function runUnit<Result>(name: string, key: string | undefined, work: () => Result): Result {
  const unit = openUnit(name, performance.now());
  if (key !== undefined) unit.keyOf = () => key;
  return unitScope().storage.run(unit, () => {
    let result: Result;
    try {
      result = work();
    } catch (error) {
      endUnit(unit, true);
      throw error;
    }
    if (!isThenable(result)) {
      endUnit(unit, false);
      return result;
    }
    // Both ways are handled here, so this branch never is an unhandled rejection; the caller's own promise stays as it is.
    result.then(
      () => endUnit(unit, false),
      () => endUnit(unit, true),
    );
    return result;
  });
}

/** Adds a value to the current unit; says whether there was room for it. */
export function addValue(
  name: string,
  value: number,
): 'added' | 'value-outside-unit' | 'value-limit' | 'value-not-a-number' {
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'value-not-a-number';
  const unit = currentUnit();
  if (unit === undefined) return 'value-outside-unit';
  unit.values ??= new Map();
  const present = unit.values.get(name);
  if (present === undefined && (unit.values.size >= maximumValues || name.length > maximumNameLength))
    return 'value-limit';
  unit.values.set(name, (present ?? 0) + value);
  return 'added';
}

/** Most names of values in one unit. */
const maximumValues = 32;
const maximumNameLength = 128;

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}
