import type { IncomingMessage, ServerResponse } from 'node:http';
import { defaultInstance } from '../settings.ts';
import { createTransport } from '../transport.ts';
import { sdkVersion } from '../version.ts';
import { createWarningLog } from '../warning-log.ts';
import { type EndpointAnswer, type EndpointFacts, answerHealth, serveHealth } from './endpoints.ts';
import { createHealthReporter, type HealthReporter } from './health-reporter.ts';
import { type StartupReport, reportText, StartupRefused } from './report-text.ts';
import { runChecks } from './run-checks.ts';
import type { CheckedResult, HealthCheck } from './types.ts';
import { startWatchdog, type WatchdogOptions } from './watchdog.ts';

/** How health is set up; every option but `service` has a default. */
export interface HealthOptions {
  readonly service: string;
  readonly instance?: string;
  readonly version?: string;
  readonly checks: readonly HealthCheck[];
  /** Address of Belay; default `BELAY_URL`. Without one nothing is sent. */
  readonly url?: string;
  /** Token with the scope `ingest`; default `BELAY_KEY`. */
  readonly key?: string;
  /** Rhythm of all checks, spread by a tenth; default 5 min. */
  readonly everyMs?: number;
  /** Rhythm of cheap checks, and of others while they fail; default 30 s. */
  readonly cheapEveryMs?: number;
  /** Longest time for one check; default 1 s. */
  readonly checkTimeoutMs?: number;
  /** Who sends it as a bearer token sees details on `/healthz`; default `BELAY_HEALTH_TOKEN`. */
  readonly detailsToken?: string;
  readonly watchdog?: WatchdogOptions;
}

/** Health of this process: a report at the start, endpoints, and checks from time to time. */
export interface Health {
  /**
   * Runs every check and reports. Throws {@link StartupRefused} when something critical has failed, so that the
   * service does not listen; otherwise periodic checks begin.
   */
  startup(): Promise<StartupReport>;
  /** A plain Node handler: true when the request was for one of the endpoints, and is answered. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** The same for frameworks: status and body, `undefined` for other addresses. */
  answer(path: string, authorization?: string): Promise<EndpointAnswer | undefined>;
  /** Runs checks now, all or only cheap ones and those that failed the last time. */
  run(which?: 'all' | 'cheap'): Promise<readonly CheckedResult[]>;
  /** From now on `/readyz` says no: the process is about to end. */
  drain(): void;
  /** Stops, and tells Belay that the process ends on purpose. */
  close(): Promise<void>;
}

const READY_MS = 2000;
const LEAVE_MS = 2000;

/** Sets health up; nothing runs before `startup()`. Nothing here keeps the process alive, waits for Belay or fails by it. */
export function openHealth(options: HealthOptions): Health {
  const { everyMs = 300_000, cheapEveryMs = 30_000, service } = options;
  const instance = options.instance ?? defaultInstance();
  const reporter = openReporter(options, instance, cheapEveryMs);
  const watchdog = startWatchdog(options.watchdog);
  const look = createLook(options.checks, options.checkTimeoutMs ?? 1000);
  const lasting = options.checks.filter((check) => check.startupOnly !== true);
  const state = { hasStarted: false, isDraining: false, isClosed: false };
  const timers = new Set<NodeJS.Timeout>();
  const facts: EndpointFacts = {
    service,
    detailsToken: options.detailsToken ?? process.env['BELAY_HEALTH_TOKEN'],
    isAlive: () => watchdog.isAlive(),
    hasStarted: () => state.hasStarted,
    isDraining: () => state.isDraining,
    results: look.latest,
    fresh: look.fresh,
  };
  const run = async (which: 'all' | 'cheap' = 'all'): Promise<readonly CheckedResult[]> => {
    const failing = new Set(look.latest().flatMap(({ name, outcome }) => (outcome === 'fail' ? [name] : [])));
    const isDue = (check: HealthCheck): boolean => which === 'all' || check.cheap === true || failing.has(check.name);
    const results = await look.run(lasting.filter(isDue));
    // Only what ran: a result told twice would count as two failures.
    reporter?.send('periodic', results);
    return results;
  };
  const repeat = (which: 'all' | 'cheap', ms: number): void => {
    const spread = ms * (0.95 + 0.1 * Math.random());
    const timer = setTimeout(() => {
      timers.delete(timer);
      void run(which).finally(() => !state.isClosed && repeat(which, ms));
    }, spread).unref();
    timers.add(timer);
  };
  return {
    async startup() {
      const at = Date.now();
      const startedAt = performance.now();
      const checks = await look.run(options.checks);
      const ok = !checks.some(({ outcome, critical }) => outcome === 'fail' && critical);
      const report = { service, instance, ok, at, durationMs: performance.now() - startedAt, checks };
      reporter?.send('startup', checks);
      if (!ok) throw new StartupRefused(report);
      state.hasStarted = true;
      repeat('all', everyMs);
      repeat('cheap', cheapEveryMs);
      return report;
    },
    handle: (request, response) => serveHealth(request, response, facts),
    answer: (path, authorization) => answerHealth(path, authorization, facts),
    run,
    drain: () => void (state.isDraining = true),
    async close() {
      state.isClosed = true;
      state.isDraining = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all([watchdog.close(), reporter?.leave(LEAVE_MS)]);
    },
  };
}

/** Runs checks, and remembers the latest result of each that is not only of the start. */
function createLook(all: readonly HealthCheck[], timeoutMs: number) {
  const latest = new Map<string, CheckedResult>();
  const lasting = new Set(all.filter((check) => check.startupOnly !== true).map(({ name }) => name));
  // Whoever asks for readiness often must not set off what is dear.
  const critical = all.filter((check) => check.critical === true && check.cheap === true && check.startupOnly !== true);
  let readyAt = -Infinity;
  let looking: Promise<unknown> | undefined;
  const run = async (checks: readonly HealthCheck[]): Promise<readonly CheckedResult[]> => {
    const results = await runChecks(checks, timeoutMs);
    for (const result of results) if (lasting.has(result.name)) latest.set(result.name, result);
    return results;
  };
  return {
    run,
    latest: (): readonly CheckedResult[] => [...latest.values()],
    /** However often somebody asks, dependencies are asked once in two seconds. */
    async fresh(): Promise<readonly CheckedResult[]> {
      if (performance.now() - readyAt > READY_MS) {
        looking ??= run(critical).finally(() => {
          readyAt = performance.now();
          looking = undefined;
        });
        await looking;
      }
      return [...latest.values()];
    },
  };
}

/** Runs the startup report, prints it, and ends the process with 1 when the service must not start. */
export async function startup(health: Pick<Health, 'startup'>): Promise<StartupReport> {
  try {
    const report = await health.startup();
    process.stderr.write(`${reportText(report)}\n`);
    return report;
  } catch (error) {
    if (!(error instanceof StartupRefused)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

function openReporter(options: HealthOptions, instance: string, everyMs: number): HealthReporter | undefined {
  const address = options.url ?? process.env['BELAY_URL'];
  const warn = createWarningLog((message) => process.emitWarning(message, 'BelayWarning')).add;
  if (address === undefined || address === '') return undefined;
  if (!URL.canParse(address)) {
    warn(`the address "${address.slice(0, 100)}" is not used; BELAY_URL should look like https://belay.example:4600`);
    return undefined;
  }
  const key = options.key ?? process.env['BELAY_KEY'];
  const transport = createTransport({ url: new URL(address), key, sdkVersion });
  const { service, version = null } = options;
  return createHealthReporter({ transport, service, instance, version, everyMs, warn });
}
