import { readBootstrapState } from './bootstrap.ts';
import { type Clock, systemClock } from './clock.ts';
import { createDropCounter } from './drop-counter.ts';
import { createFlagAnswers } from './flag-answers.ts';
import { watchHttpUnits } from './http-units.ts';
import { createOutcomeAccumulator } from './outcome-accumulator.ts';
import { createServedFlags } from './served-flags.ts';
import { createServerLink } from './server-link.ts';
import type { Settings } from './settings.ts';
import type { AnyFlags, Deadline, Flags } from './types.ts';
import { addValue, runUnit } from './unit-scope.ts';
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
export function startFlags(parts: StartParts): Flags<AnyFlags> {
  const { settings, warnings, clock = systemClock, random = Math.random } = parts;
  const { url } = settings;
  const warn = warnings.add;
  const drops = createDropCounter();
  const outcomes = createOutcomeAccumulator({ drops });
  const served = createServedFlags({ clock, drops, outcomes, warn, onTrip: () => link?.report() });
  const link =
    url === undefined ? undefined : createServerLink({ url, settings, clock, random, drops, outcomes, served, warn });
  served.begin([link?.readKept(), readBootstrapState(settings, warn)]);
  const stopHttp = settings.http && link !== undefined ? watchHttpUnits() : undefined;
  link?.start();

  let closing: Promise<void> | undefined;
  const shut = async (timeoutMs: number): Promise<void> => {
    stopHttp?.();
    served.changes.settle();
    await link?.close(timeoutMs);
  };
  return {
    ...createFlagAnswers({ served, defaults: settings.defaults, drops, warn }),
    unit: runUnit,
    track(name, value) {
      const outcome = addValue(name, value);
      if (outcome !== 'added') drops.add(outcome);
    },
    ready: (deadline) =>
      served.changes.ready(link === undefined, deadlineOf(deadline), () => served.state !== undefined),
    subscribe: (listener) => served.changes.subscribe(listener),
    status: () => ({
      revision: served.state?.revision,
      source: served.state?.source ?? 'none',
      connected: link?.isConnected ?? false,
      service: settings.service,
      instance: settings.instance,
      rollouts: served.book.states(),
      dropped: drops.totals(),
      waiting: link?.waiting() ?? { batches: 0, bytes: 0 },
      warnings: warnings.list(),
    }),
    close(deadline) {
      closing ??= shut(deadlineOf(deadline));
      return closing;
    },
  };
}

function deadlineOf(deadline: Deadline | undefined): number {
  const asked = deadline?.timeoutMs ?? longestDeadlineMs;
  return Number.isFinite(asked) ? Math.min(longestDeadlineMs, Math.max(0, asked)) : longestDeadlineMs;
}
