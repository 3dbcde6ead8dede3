import { type Backoff, createBackoff } from './backoff.ts';
import { createBatchQueue } from './batch-queue.ts';
import type { Clock } from './clock.ts';
import type { DropCounter } from './drop-counter.ts';
import { encodeOutcomes } from './otlp-metrics.ts';
import type { OutcomeAccumulator, OutcomeCounts, OutcomeSeries } from './outcome-accumulator.ts';
import { type Decoded, parseJson } from './snapshot-decoder.ts';
import type { SignsOfLife } from './signs-of-life.ts';
import type { Answer, Transport } from './transport.ts';

/** Sends counted outcomes once a second and keeps them for a minute where it cannot. */
export interface OutcomeExporter {
  /** Takes what was counted since the last call and sends what waits. */
  tick(): void;
  /** Sends what waits until nothing is left or `deadlineMs` is over; the rest is dropped and counted. */
  close(deadlineMs: number): Promise<void>;
  waiting(): { readonly batches: number; readonly bytes: number };
}

/** What an exporter needs. */
export interface OutcomeExporterParts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly drops: DropCounter;
  readonly outcomes: OutcomeAccumulator;
  readonly signs: SignsOfLife;
  readonly sender: { readonly service: string; readonly instance: string; readonly sdkVersion: string };
  readonly warn: (message: string) => void;
}

/** Outcomes older than this are dropped: the server would not judge them any more. */
const keepMs = 60_000;
const sendDeadlineMs = 5000;

/** An exporter with nothing to send yet. Retries send the very same bytes, so the server can tell them apart from new ones. */
export function createOutcomeExporter(parts: OutcomeExporterParts): OutcomeExporter {
  const { transport, clock, drops, outcomes, warn, random } = parts;
  const backoff = createBackoff({ firstMs: 500, longestMs: () => 10_000, random });
  const queue = createBatchQueue(drops);
  let countedSince = clock.now();
  let mayTryAt = -Infinity;
  let sending: Promise<void> | undefined;

  const collect = (): void => {
    const counts = parts.signs.addTo(outcomes.drain());
    const fromMs = countedSince;
    const toMs = clock.now();
    countedSince = toMs;
    if (counts.size === 0) return;
    const dropped = Object.values(drops.totals()).reduce((sum, count) => sum + count, 0);
    const text = encodeOutcomes({ ...parts.sender, fromMs, toMs, sentAtMs: toMs, dropped }, counts);
    queue.put({ body: Buffer.from(text), units: unitsIn(counts), countedAt: clock.monotonic() });
  };
  const sendAll = async (): Promise<void> => {
    for (;;) {
      queue.dropOlderThan(clock.monotonic() - keepMs);
      const batch = queue.first();
      if (batch === undefined || clock.monotonic() < mayTryAt) return;
      const answer = await transport.exchange({ ...post, body: batch.body });
      const verdict = judgeAnswer(answer, backoff);
      if (verdict.kind === 'retry') mayTryAt = clock.monotonic() + verdict.waitMs;
      else queue.remove(batch);
      if (verdict.kind === 'stored') backoff.reset();
      if (verdict.rejected > 0)
        drops.add('outcomes-rejected', verdict.kind === 'stored' ? verdict.rejected : batch.units);
      if (verdict.message !== undefined) warn(verdict.message);
    }
  };
  const send = (): Promise<void> => {
    sending ??= sendAll().finally(() => {
      sending = undefined;
    });
    return sending;
  };

  return {
    tick() {
      collect();
      void send();
    },
    async close(deadlineMs) {
      collect();
      const endsAt = clock.monotonic() + deadlineMs;
      await sending;
      mayTryAt = -Infinity;
      while (queue.first() !== undefined && clock.monotonic() < endsAt) {
        await send();
        // The last chance: what could not be sent now will not be waited for.
        if (mayTryAt > -Infinity) break;
      }
      for (let batch = queue.first(); batch !== undefined; batch = queue.first()) {
        drops.add('outcomes-closed', batch.units);
        queue.remove(batch);
      }
    },
    waiting: () => queue.size(),
  };
}

const post = {
  method: 'POST',
  path: '/v1/metrics',
  headers: { 'content-type': 'application/json' },
  deadlineMs: sendDeadlineMs,
  maximumBytes: 65_536,
} as const;

/** Units that are lost with these counts; exposures where no unit has ended yet. */
function unitsIn(counts: ReadonlyMap<OutcomeSeries, OutcomeCounts>): number {
  return [...counts.values()].reduce((sum, cell) => sum + Math.max(cell.units, cell.exposures), 0);
}

interface Verdict {
  readonly kind: 'stored' | 'refused' | 'retry';
  readonly waitMs: number;
  readonly rejected: number;
  readonly message: string | undefined;
}

function judgeAnswer(answer: Answer | { readonly failure: string }, backoff: Backoff): Verdict {
  if ('failure' in answer) {
    return {
      kind: 'retry',
      waitMs: backoff.next(),
      rejected: 0,
      message: `outcomes cannot be sent: ${answer.failure}`,
    };
  }
  const { status } = answer;
  const rejected = status === 200 ? rejectedPoints(parseJson(answer.body)) : undefined;
  if (rejected !== undefined) {
    const message = rejected > 0 ? `the server did not store ${rejected} data points` : undefined;
    return { kind: 'stored', waitMs: 0, rejected, message };
  }
  // What the server can never take would block everything behind it.
  if ([400, 413, 415, 422].includes(status)) {
    return { kind: 'refused', waitMs: 0, rejected: 1, message: `the server refused outcomes with status ${status}` };
  }
  const hint = status === 401 || status === 403 ? '; is BELAY_KEY a token with the scope "ingest"?' : '';
  const message = `outcomes cannot be sent: the server answered ${status}${status === 200 ? ' but not as OTLP' : ''}${hint}`;
  const asked = Number(answer.headers['retry-after'] ?? 0) * 1000;
  const waitMs = Math.max(backoff.next(), Number.isFinite(asked) ? Math.min(asked, 30_000) : 0);
  return { kind: 'retry', waitMs, rejected: 0, message };
}

/** How many points an OTLP answer says were left out; undefined where it is no OTLP answer at all. */
function rejectedPoints(body: Decoded<unknown>): number | undefined {
  if (!('value' in body) || typeof body.value !== 'object' || body.value === null) return undefined;
  if (!('partialSuccess' in body.value)) return 0;
  const partial = body.value.partialSuccess;
  if (typeof partial !== 'object' || partial === null || !('rejectedDataPoints' in partial)) return 0;
  const rejected = Number(partial.rejectedDataPoints);
  return Number.isFinite(rejected) && rejected > 0 ? rejected : 0;
}
