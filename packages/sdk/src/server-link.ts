import { createAppliedReporter } from './applied-reporter.ts';
import type { Clock } from './clock.ts';
import type { DropCounter } from './drop-counter.ts';
import type { OutcomeAccumulator } from './outcome-accumulator.ts';
import { createOutcomeExporter } from './outcome-exporter.ts';
import type { ServedFlags } from './served-flags.ts';
import type { Settings } from './settings.ts';
import type { FlagState } from './snapshot-decoder.ts';
import { createSnapshotFeed } from './snapshot-feed.ts';
import { createSignsOfLife } from './signs-of-life.ts';
import { type SnapshotFile, createSnapshotFile, defaultSnapshotFile } from './snapshot-file.ts';
import { createTransport } from './transport.ts';
import { sdkVersion } from './version.ts';

/** Everything between this process and the Belay server. */
export interface ServerLink {
  /** The flags that were kept by an earlier process; undefined where there are none, or they cannot be used (told). */
  readKept(): FlagState | undefined;
  start(): void;
  /** Tells the server at once what this process serves. */
  report(): void;
  readonly isConnected: boolean;
  waiting(): { readonly batches: number; readonly bytes: number };
  close(timeoutMs: number): Promise<void>;
}

/** What a link needs. */
export interface ServerLinkParts {
  readonly url: URL;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly drops: DropCounter;
  readonly outcomes: OutcomeAccumulator;
  readonly served: ServedFlags;
  readonly warn: (message: string) => void;
}

const tickMs = 1000;

/** A link that has not opened anything yet. */
export function createServerLink(parts: ServerLinkParts): ServerLink {
  const { settings, served, warn } = parts;
  const { service, instance } = settings;
  const sender = { service, instance, sdkVersion };
  const transport = createTransport({ url: parts.url, key: settings.key, sdkVersion });
  const wired = { ...parts, transport, sender };
  const signs = createSignsOfLife({ clock: parts.clock, state: () => served.state });
  const exporter = createOutcomeExporter({ ...wired, signs });
  const file = openFile(parts);
  const intake = createIntake(parts, file, () => reporter.report());
  const reporter = createAppliedReporter({
    ...wired,
    describe: () => {
      const { state, book } = served;
      if (state?.source !== 'server') return undefined;
      const { revision } = state;
      return { service, instance, revision, applyMs: intake.applyMs, ...book.report(), dropped: parts.drops.totals() };
    },
    onTold: (report) => served.book.told(report),
  });
  const feed = createSnapshotFeed({
    ...wired,
    asker: sender,
    heartbeatMs: settings.heartbeatMs,
    maximumBytes: settings.maxSnapshotBytes,
    shortestLeaseMs: () => served.book.shortestLeaseMs(),
    onSnapshot: (next, receivedAt) => intake.take(next, receivedAt),
    onLease: ({ leases }, at) => served.book.watches.grant(served.state?.rollouts ?? [], leases, at),
    onConnected: () => served.changes.tell({ kind: 'connected' }),
    onDisconnected: (reason) => {
      warn(`the flag stream ended: ${reason}`);
      served.changes.tell({ kind: 'disconnected', reason });
    },
  });
  let timer: NodeJS.Timeout | undefined;
  return {
    readKept: () => readKept(file, parts),
    start() {
      feed.start();
      timer = setInterval(() => {
        exporter.tick();
        if (served.book.noteLapses()) reporter.report();
        else reporter.tick();
      }, tickMs).unref();
    },
    report: () => reporter.report(),
    get isConnected() {
      return feed.isConnected;
    },
    waiting: () => exporter.waiting(),
    async close(timeoutMs) {
      clearInterval(timer);
      feed.close();
      const work = Promise.all([exporter.close(timeoutMs), file?.settle(), reporter.settle()]);
      await withDeadline(work, timeoutMs);
      transport.close();
    },
  };
}

/** Takes snapshots in: never back, and the same flags again only renew leases. */
function createIntake(
  { clock, drops, served, warn }: ServerLinkParts,
  file: SnapshotFile | undefined,
  report: () => void,
) {
  let applyMs = 0;
  return {
    get applyMs() {
      return applyMs;
    },
    take(next: FlagState, receivedAt: number): void {
      const { state, book, changes } = served;
      const present = state?.source === 'server' ? state.revision : undefined;
      if (present !== undefined && next.revision < present) {
        drops.add('snapshot-older');
        return warn(`the server sent revision ${next.revision}, but ${present} is served already; restart to go back`);
      }
      book.watches.grant(next.rollouts, next.leases, receivedAt);
      if (next.revision !== present) {
        served.serve(next);
        applyMs = clock.monotonic() - receivedAt;
        file?.save(next);
        report();
      }
      changes.settle();
    },
  };
}

function openFile({ url, settings, drops, warn }: ServerLinkParts): SnapshotFile | undefined {
  const place = settings.snapshotFile ?? defaultSnapshotFile(url.href, settings.service);
  if (place === false) return undefined;
  return createSnapshotFile({
    file: place,
    maximumBytes: settings.maxSnapshotBytes,
    onFailure: (message) => {
      drops.add('snapshot-file');
      warn(message);
    },
  });
}

function readKept(file: SnapshotFile | undefined, { drops, warn }: ServerLinkParts): FlagState | undefined {
  const kept = file?.read();
  if (kept === undefined) return undefined;
  if (!('fault' in kept)) return kept.value;
  drops.add('snapshot-file');
  warn(kept.fault);
  return undefined;
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
