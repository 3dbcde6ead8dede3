import type { FlagValueType } from '@belay/core/flag';
import { createAppliedReporter } from './applied-reporter.ts';
import { type Clock, systemClock } from './clock.ts';
import { type DropCounter, createDropCounter } from './drop-counter.ts';
import { createFlagChanges } from './flag-changes.ts';
import { type Context, type FlagReading, createFlagReader } from './flag-reader.ts';
import { watchHttpUnits } from './http-units.ts';
import { createOutcomeAccumulator } from './outcome-accumulator.ts';
import { createOutcomeExporter } from './outcome-exporter.ts';
import { createRolloutBook } from './rollout-book.ts';
import type { Settings } from './settings.ts';
import type { FlagState } from './snapshot-decoder.ts';
import { createSnapshotFeed } from './snapshot-feed.ts';
import { createSnapshotFile, defaultSnapshotFile } from './snapshot-file.ts';
import { readBootstrapState } from './bootstrap.ts';
import { createTransport } from './transport.ts';
import type { AnyFlags, Deadline, FlagContext, FlagDetails, Flags, FlagValue } from './types.ts';
import { addValue, runUnit } from './unit-scope.ts';
import { sdkVersion } from './version.ts';
import type { WarningLog } from './warning-log.ts';

/** What a client is made of besides its settings; tests give their own clock and chance. */
export interface StartParts {
  readonly settings: Settings;
  readonly warnings: WarningLog;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Longest that `ready` and `close` may take, in milliseconds. */
const longestDeadlineMs = 2000;

/** Starts a client. It works at once, with what it has. */
export function startFlags({
  settings,
  warnings,
  clock = systemClock,
  random = Math.random,
}: StartParts): Flags<AnyFlags> {
  const drops = createDropCounter();
  const warn = warnings.add;
  const outcomes = createOutcomeAccumulator({ drops });
  const sender = { service: settings.service, instance: settings.instance, sdkVersion };
  const changes = createFlagChanges(drops);
  let state: FlagState | undefined;
  let applyMs = 0;
  const book = createRolloutBook({ clock, rollouts: () => state?.rollouts ?? [] });
  const reader = createFlagReader({
    clock,
    watches: book.watches,
    outcomes,
    drops,
    onTrip: (watch) => {
      warn(`rollout ${watch.rolloutId} is cut in this process: ${watch.trip.reason?.text ?? ''}`);
      link?.reporter.report();
    },
  });
  const serve = (next: FlagState): void => {
    const before = state;
    state = next;
    reader.use(next);
    changes.compare(before, next);
    if (next.refused.length === 0) return;
    drops.add('rollout-invalid', next.refused.length);
    warn(`a rollout is not used: ${next.refused[0] ?? ''}`);
  };

  const link = settings.url === undefined ? undefined : createLink(settings.url);
  const first = link?.file?.read();
  if (first !== undefined && 'fault' in first) {
    drops.add('snapshot-file');
    warn(first.fault);
  }
  const initial = newerOf(
    first !== undefined && 'value' in first ? first.value : undefined,
    readBootstrapState(settings, warn),
  );
  if (initial !== undefined) serve(initial);

  const stopHttp = settings.http && link !== undefined ? watchHttpUnits() : undefined;
  link?.feed.start();
  const timer = link === undefined ? undefined : setInterval(tick, 1000).unref();
  let closing: Promise<void> | undefined;

  function tick(): void {
    link?.exporter.tick();
    if (book.noteLapses()) link?.reporter.report();
    else link?.reporter.tick();
  }

  function createLink(url: URL) {
    const transport = createTransport({ url, key: settings.key, sdkVersion });
    const place = settings.snapshotFile ?? defaultSnapshotFile(url.href, settings.service);
    const file =
      place === false
        ? undefined
        : createSnapshotFile({
            file: place,
            maximumBytes: settings.maxSnapshotBytes,
            onFailure: (message) => {
              drops.add('snapshot-file');
              warn(message);
            },
          });
    const reporter = createAppliedReporter({
      transport,
      clock,
      random,
      warn,
      describe: () => {
        if (state === undefined || state.source !== 'server') return undefined;
        const { service, instance } = settings;
        return { service, instance, revision: state.revision, applyMs, ...book.report(), dropped: drops.totals() };
      },
      onTold: book.told,
    });
    const receive = (next: FlagState, receivedAt: number): void => {
      if (state?.source === 'server' && next.revision < state.revision) {
        drops.add('snapshot-older');
        warn(`the server sent revision ${next.revision}, but ${state.revision} is served already`);
        return;
      }
      book.watches.grant(next.rollouts, next.leases, receivedAt);
      // The same flags again only renew leases.
      if (state?.source === 'server' && next.revision === state.revision) return changes.settle();
      serve(next);
      applyMs = clock.monotonic() - receivedAt;
      file?.save(next);
      reporter.report();
      changes.settle();
    };
    const feed = createSnapshotFeed({
      transport,
      clock,
      random,
      drops,
      asker: sender,
      heartbeatMs: settings.heartbeatMs,
      maximumBytes: settings.maxSnapshotBytes,
      shortestLeaseMs: () => book.shortestLeaseMs(),
      onSnapshot: receive,
      onLease: ({ leases }, receivedAt) => book.watches.grant(state?.rollouts ?? [], leases, receivedAt),
      onConnected: () => changes.tell({ kind: 'connected' }),
      onDisconnected: (reason) => {
        warn(`the flag stream ended: ${reason}`);
        changes.tell({ kind: 'disconnected', reason });
      },
      warn,
    });
    const exporter = createOutcomeExporter({ transport, clock, random, drops, outcomes, sender, warn });
    return { transport, file, reporter, feed, exporter };
  }

  const shut = async (timeoutMs: number): Promise<void> => {
    clearInterval(timer);
    stopHttp?.();
    link?.feed.close();
    changes.settle();
    if (link !== undefined) {
      const work = Promise.all([link.exporter.close(timeoutMs), link.file?.settle(), link.reporter.settle()]);
      await withDeadline(work, timeoutMs);
    }
    link?.transport.close();
  };

  const read = (key: string, context: Context, type: FlagValueType): FlagReading | undefined => {
    try {
      return reader.read(key, context, type);
    } catch (error) {
      drops.add('reading');
      warn(`flag "${key}" could not be read: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const fallbackOf = (key: string, fallback: FlagValue): FlagValue => {
    const own = Object.hasOwn(settings.defaults, key) ? settings.defaults[key] : undefined;
    return isFlagValue(own) && typeof own === typeof fallback ? own : fallback;
  };

  const detail = (key: string, context: Context, fallback: FlagValue): FlagDetails<FlagValue> => {
    const type = typeOf(fallback);
    const reading = read(key, context, type);
    return detailsOf({ reading, type, fallback: fallbackOf(key, fallback), isReady: state !== undefined });
  };

  return {
    on(key, context) {
      const value = read(key, withKey(context), 'boolean')?.result.value;
      return typeof value === 'boolean' ? value : fallbackOf(key, false) === true;
    },
    value(key, context, fallback) {
      const type = typeOf(fallback);
      const value = read(key, withKey(context), type)?.result.value;
      return isFlagValue(value) && typeof value === type ? value : fallbackOf(key, fallback);
    },
    details: (key, context, fallback) => detail(key, withKey(context), fallback),
    evaluate: detail,
    unit: runUnit,
    track: (name, value) => noteValue(drops, name, value),
    ready: (deadline) => changes.ready(link === undefined, deadlineOf(deadline), () => state !== undefined),
    subscribe: changes.subscribe,
    status: () => ({
      revision: state?.revision,
      source: state?.source ?? 'none',
      connected: link?.feed.isConnected ?? false,
      service: settings.service,
      instance: settings.instance,
      rollouts: book.states(),
      dropped: drops.totals(),
      waiting: link?.exporter.waiting() ?? { batches: 0, bytes: 0 },
      warnings: warnings.list(),
    }),
    close(deadline) {
      closing ??= shut(deadlineOf(deadline));
      return closing;
    },
  };
}

/** Counts a value that could not be added to the current unit. */
export function noteValue(drops: DropCounter, name: string, value: number): void {
  const outcome = addValue(name, value);
  if (outcome !== 'added') drops.add(outcome);
}

interface DetailsInput {
  readonly reading: FlagReading | undefined;
  readonly type: FlagValueType;
  readonly fallback: FlagValue;
  readonly isReady: boolean;
}

function detailsOf({ reading, type, fallback, isReady }: DetailsInput): FlagDetails<FlagValue> {
  if (reading === undefined) {
    const errorCode = isReady ? 'GENERAL' : 'PROVIDER_NOT_READY';
    const errorMessage = isReady ? 'the flag could not be read' : 'no flags have been received yet';
    return { value: fallback, variant: undefined, reason: 'ERROR', flagMetadata: {}, errorCode, errorMessage };
  }
  const { value, variant, reason, flagMetadata, errorCode, errorMessage } = reading.result;
  if (errorCode === undefined && isFlagValue(value) && typeof value === type) {
    return { value, variant, reason: reading.isStandIn ? 'STALE' : reason, flagMetadata, errorCode, errorMessage };
  }
  if (errorCode !== undefined || value === undefined) {
    return { value: fallback, variant: undefined, reason, flagMetadata, errorCode, errorMessage };
  }
  const message = `the value is ${typeof value}, not ${type}`;
  return {
    value: fallback,
    variant: undefined,
    reason: 'ERROR',
    flagMetadata,
    errorCode: 'TYPE_MISMATCH',
    errorMessage: message,
  };
}

/** `key` is a short name of `targetingKey`. */
function withKey(context: FlagContext | undefined): Context {
  const key = context?.key;
  return key === undefined || context?.targetingKey !== undefined ? context : { ...context, targetingKey: key };
}

function typeOf(value: unknown): FlagValueType {
  const type = typeof value;
  return type === 'boolean' || type === 'string' || type === 'number' ? type : 'object';
}

/** The set was read from JSON, so whatever is not undefined is a flag value. */
function isFlagValue(value: unknown): value is FlagValue {
  return value !== undefined && typeof value !== 'function';
}

function newerOf(a: FlagState | undefined, b: FlagState | undefined): FlagState | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.revision >= b.revision ? a : b;
}

function deadlineOf(deadline: Deadline | undefined): number {
  const asked = deadline?.timeoutMs ?? longestDeadlineMs;
  return Number.isFinite(asked) ? Math.min(longestDeadlineMs, Math.max(0, asked)) : longestDeadlineMs;
}

/** Whoever waits for `close` wants the process to live that long, so this timer does keep it alive. */
async function withDeadline(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}
