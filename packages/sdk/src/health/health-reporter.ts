import type { Transport } from '../transport.ts';
import type { CheckedResult } from './types.ts';

/** Sends results to Belay. Nothing waits for it, and what cannot be sent is replaced by what is newer. */
export interface HealthReporter {
  send(kind: 'startup' | 'periodic', checks: readonly CheckedResult[]): void;
  /** Says that the process ends on purpose, so that nobody takes its silence for an outage. */
  leave(deadlineMs: number): Promise<void>;
}

/** Who reports, and how. */
export interface HealthReporterParts {
  readonly transport: Transport;
  readonly service: string;
  readonly instance: string;
  readonly version: string | null;
  readonly everyMs: number;
  readonly warn: (message: string) => void;
}

const DEADLINE_MS = 5000;

/** One report is on its way at a time; a start that could not be told is told with the next report. */
export function createHealthReporter(parts: HealthReporterParts): HealthReporter {
  const { transport, service, instance, version, everyMs, warn } = parts;
  let waiting: readonly { readonly kind: 'startup' | 'periodic'; readonly checks: readonly CheckedResult[] }[] = [];
  let sending: Promise<void> | undefined;
  let onItsWay: (typeof waiting)[number] | undefined;
  const post = async (kind: string, checks: readonly CheckedResult[], deadlineMs: number): Promise<boolean> => {
    const body = Buffer.from(
      JSON.stringify({ kind, service, instance, version, everyMs, checks: checks.slice(0, 200) }),
    );
    const answer = await transport.exchange({
      method: 'POST',
      path: '/api/v1/checks/report',
      headers: { 'content-type': 'application/json' },
      body,
      deadlineMs,
      maximumBytes: 64 * 1024,
    });
    if ('failure' in answer) warn(`health is not told to Belay: ${answer.failure}`);
    else if (answer.status >= 300) warn(`Belay answered ${answer.status} to a health report`);
    // What the server will never take is not sent again.
    return !('failure' in answer) && answer.status < 500 && answer.status !== 429;
  };
  const drain = async (): Promise<void> => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      onItsWay = next;
      if (!(await post(next.kind, next.checks, DEADLINE_MS))) return;
      // Others may have come meanwhile, also one that this one was merged into: just what was sent goes.
      waiting = waiting.filter((one) => one !== next);
    }
  };
  return {
    send(kind, checks) {
      const isSame = (one: (typeof waiting)[number]): boolean => one.kind === kind && one !== onItsWay;
      const untold = waiting.filter(isSame).flatMap((one) => one.checks);
      waiting = [...waiting.filter((one) => !isSame(one)), { kind, checks: merged([...untold, ...checks]) }];
      sending ??= drain().finally(() => {
        sending = undefined;
        onItsWay = undefined;
      });
    },
    async leave(deadlineMs) {
      waiting = [];
      await post('leaving', [], deadlineMs);
      transport.close();
    },
  };
}

/** The newest result of each check; they come in the order of time. */
function merged(checks: readonly CheckedResult[]): readonly CheckedResult[] {
  return [...new Map(checks.map((check) => [check.name, check])).values()];
}
