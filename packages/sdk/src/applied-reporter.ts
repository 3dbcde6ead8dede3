import { createBackoff } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { Transport } from './transport.ts';

/** What the server is told about this process (`POST /api/v1/applied`). */
export interface AppliedReport {
  readonly service: string;
  readonly instance: string;
  readonly revision: number;
  readonly applyMs: number;
  readonly trips: readonly {
    readonly rolloutId: string;
    readonly units: number;
    readonly errors: number;
    readonly reason: string;
  }[];
  readonly lapsed: readonly string[];
  readonly dropped: Readonly<Record<string, number>>;
}

/** Tells the server what this process serves. */
export interface AppliedReporter {
  /** Reports at once; calls while a report is under way are answered by one further report. */
  report(): void;
  /** Reports again where the last report is old or failed; called every second. */
  tick(): void;
  /** Waits for the report under way. */
  settle(): Promise<void>;
}

/** What a reporter needs. `describe` gives undefined while there is nothing to say. */
export interface AppliedReporterParts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly describe: () => AppliedReport | undefined;
  /** Is told what the server has acknowledged. */
  readonly onTold: (report: AppliedReport) => void;
  readonly warn: (message: string) => void;
}

/** Without news this often, in milliseconds: proof of life, and what was dropped meanwhile. */
const everyMs = 15_000;

/** A reporter that has told nothing yet. */
export function createAppliedReporter(parts: AppliedReporterParts): AppliedReporter {
  const { transport, clock, describe, onTold, warn } = parts;
  const backoff = createBackoff({ firstMs: 500, longestMs: () => 10_000, random: parts.random });
  let isDirty = false;
  let toldAt = clock.monotonic();
  let mayTryAt = -Infinity;
  let sending: Promise<void> | undefined;

  const sendAll = async (): Promise<void> => {
    while (isDirty && clock.monotonic() >= mayTryAt) {
      const report = describe();
      if (report === undefined) return;
      isDirty = false;
      const answer = await transport.exchange({ ...post, body: Buffer.from(JSON.stringify(report)) });
      if (!('failure' in answer) && answer.status >= 200 && answer.status < 300) {
        toldAt = clock.monotonic();
        backoff.reset();
        onTold(report);
        continue;
      }
      isDirty = true;
      mayTryAt = clock.monotonic() + backoff.next();
      const why = 'failure' in answer ? answer.failure : `the server answered ${answer.status}`;
      warn(`the applied revision cannot be reported: ${why}`);
    }
  };
  const send = (): void => {
    sending ??= sendAll().finally(() => {
      sending = undefined;
    });
  };

  return {
    report() {
      isDirty = true;
      mayTryAt = -Infinity;
      send();
    },
    tick() {
      if (clock.monotonic() - toldAt >= everyMs) isDirty = true;
      if (isDirty) send();
    },
    async settle() {
      await sending;
    },
  };
}

const post = {
  method: 'POST',
  path: '/api/v1/applied',
  headers: { 'content-type': 'application/json' },
  deadlineMs: 3000,
  maximumBytes: 65_536,
} as const;
