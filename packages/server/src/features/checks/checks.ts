import type { CheckReport } from '@belay/protocol';
import { transaction } from '../../platform/sqlite/database.ts';
import { repeat, type Repetition } from '../../platform/scheduler/scheduler.ts';
import type { Checks, ChecksOptions, ProbeRun } from './api.ts';
import { type ChecksContext, HOUR_MS } from './checks-context.ts';
import { removeChecks, type SeenCheck, subjectOf, takeRuns } from './check-store.ts';
import { ROUND_MS, watchSilence } from './dead-man-watch.ts';
import { settleIncidents } from './incident-keeper.ts';
import { checksCare } from './checks-care.ts';
import { createPassingMeter } from './passing-meter.ts';
import { checkRoutes } from './routes.ts';
import { takeReport } from './take-report.ts';
import { tidyChecks } from './tidy-checks.ts';

const FLUSH_MS = 60_000;

/** Checks on the control plane's store. Nothing runs before `start()`. */
export function createChecks(options: ChecksOptions): Checks {
  const { db, clock, log, bus } = options;
  const context: ChecksContext = { db, clock, log, bus, watchedSince: clock.now() };
  const meter = createPassingMeter(options.write, options.instance);
  const memory = { lastRoundAt: clock.now() };
  const repetitions: Repetition[] = [];
  let rounds: Promise<void> = Promise.resolve();
  const settle = async (isChanged: boolean): Promise<void> => {
    await settleIncidents(context);
    if (isChanged) bus.publish({ type: 'checks', at: clock.now() });
  };
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = rounds.then(work, work);
    rounds = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  };
  const round = (): Promise<void> => inTurn(async () => settle(await watchSilence(context, memory)));
  const take = async (report: CheckReport): Promise<void> => {
    const isChanged = await takeReport(context, report);
    const { service, instance, everyMs } = report;
    meter.add(report.checks.map((check) => ({ kind: 'health', service, instance, everyMs, check })));
    // Whoever reports has its answer once the report is stored; what follows from it is told a moment later.
    if (isChanged)
      inTurn(() => settle(true)).catch((err: unknown) => log.error({ err }, 'incidents of checks could not be told'));
  };
  return {
    routes: async (app) => checkRoutes(app, { context, take, runProbe: options.runProbe }),
    start() {
      const onError = (err: unknown): void => log.error({ err }, 'a round of the checks failed');
      repetitions.push(repeat({ everyMs: options.periodMs ?? ROUND_MS, run: round, onError }));
      const notMeasured = (err: unknown): void => log.warn({ err }, 'the share of passing checks could not be stored');
      repetitions.push(repeat({ everyMs: FLUSH_MS, run: () => meter.flush(clock.now()), onError: notMeasured }));
      repetitions.push(repeat({ everyMs: HOUR_MS, run: () => tidyChecks(db, clock.now()), onError }));
    },
    async takeProbe(probe) {
      const seen = seenProbe(probe);
      const isChanged = await transaction(db, (trx) => takeRuns(trx, [seen], clock.now()));
      meter.add([seen]);
      if (isChanged) await inTurn(() => settle(true));
    },
    care: () => checksCare(db),
    keepProbes: (probes) => forgetProbes(context, probes),
    round,
    async close() {
      for (const repetition of repetitions) await repetition.close();
      await rounds;
    },
  };
}

function seenProbe({ name, title, service, everyMs, dependsOn, result }: ProbeRun): SeenCheck {
  const check = {
    name,
    title,
    outcome: result.ok ? ('pass' as const) : ('fail' as const),
    critical: true,
    cause: result.cause,
    text: result.sentence.slice(0, 2000),
    mend: result.mend,
    durationMs: result.durationMs,
    value: null,
    unit: null,
    dependsOn: [...dependsOn],
  };
  return { kind: 'probe', service, instance: '', everyMs, check, run: result };
}

async function forgetProbes(
  { db }: ChecksContext,
  probes: readonly { readonly name: string; readonly service: string }[],
): Promise<void> {
  await transaction(db, async (trx) => {
    const present = new Set(probes.map(({ service, name }) => subjectOf(service, name)));
    const known = await trx.selectFrom('checks').select(['id', 'subject']).where('kind', '=', 'probe').execute();
    const gone = known.filter(({ subject }) => !present.has(subject)).map(({ id }) => id);
    await removeChecks(trx, gone);
  });
}
