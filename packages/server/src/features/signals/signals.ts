import { isBelayError } from '@belay/core';
import { repeat, type Repetition } from '../../platform/scheduler/scheduler.ts';
import type { Signals, SignalsOptions } from './api.ts';
import { judgeChanges } from './change-verdict.ts';
import { noteDeploys } from './deploy-watch.ts';
import { evaluateSignals } from './evaluation.ts';
import { overviewCards } from './overview-cards.ts';
import { signalRoutes } from './routes.ts';
import { createSignalPoints } from './signal-points.ts';
import type { SignalsContext } from './signals-context.ts';
import { keepStarterSet, keepWrittenSignals } from './starter-keeper.ts';

const PERIOD_MS = 15_000;

/** Signals on the stores. Nothing runs before `start()`. */
export function createSignals(options: SignalsOptions): Signals {
  const context = createContext(options);
  const { log } = context;
  let repetition: Repetition | undefined;
  let pending: Promise<void> = Promise.resolve();
  const round = (): Promise<void> =>
    context.exclusive(async () => {
      await keepStarterSet(context);
      await noteDeploys(context);
      await evaluateSignals(context);
      await judgeChanges(context);
    });
  const onError = (err: unknown): void => {
    // The engine restarts by itself, and what was missed is caught up with.
    if (isBelayError(err) && err.status === 503) log.warn({ err }, 'signals wait for the telemetry store');
    else log.error({ err }, 'signals could not be evaluated');
  };
  const soon = (): void => {
    pending = pending.then(round).catch(onError);
  };
  return {
    routes: async (app) => signalRoutes(app, context, soon),
    async start() {
      await keepWrittenSignals(context, options.written);
      repetition = repeat({ everyMs: options.periodMs ?? PERIOD_MS, run: round, onError });
    },
    evaluate: round,
    overviewCards: () => overviewCards(context),
    async close() {
      await repetition?.close();
      await pending;
    },
  };
}

function createContext(options: SignalsOptions): SignalsContext {
  let last: Promise<unknown> = Promise.resolve();
  return {
    ...options,
    points: createSignalPoints(options),
    exclusive: (work) => {
      const mine = last.then(work, work);
      // The next one waits for this one's end, good or bad; the failure itself belongs to the caller.
      last = mine.then(
        () => undefined,
        () => undefined,
      );
      return mine;
    },
  };
}
