import { type Backoff, createBackoff } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import type { Answer, Transport } from '../transport.ts';
import { encodeLogs, type LogSender } from './otlp-log-record.ts';
import { createWaitingLines, type WaitingLines } from './waiting-lines.ts';

/** Sends copies of log lines. Nothing it does can delay or fail the application. */
export interface LogShipper {
  /** Takes a line of pino; the oldest lines go, and are counted, where too many wait. */
  write(line: string): void;
  /** Lines that were given up. */
  lost(): number;
  /** Sends what waits until nothing is left or `deadlineMs` is over. */
  close(deadlineMs: number): Promise<void>;
}

/** What a shipper needs. */
export interface LogShipperParts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly sender: LogSender;
  readonly warn: (message: string) => void;
}

const FLUSH_MS = 1000;
const BATCH_LINES = 512;
/** Longest line that is sent whole; Belay would cut its text anyway. The file has all of it. */
const LINE_CHARACTERS = 256 * 1024;

interface Batch {
  readonly body: Buffer;
  readonly lines: number;
}

/** Batches are sent again with the very same bytes, by which Belay knows them. */
export function createLogShipper(parts: LogShipperParts): LogShipper {
  const { warn } = parts;
  const waiting = createWaitingLines();
  const state = { lost: 0, isClosed: false };
  let timer: NodeJS.Timeout | undefined;
  const lose = (lines: number, why: string): void => {
    if (lines === 0) return;
    state.lost += lines;
    warn(`log records are not sent to Belay: ${why}; the files have them`);
  };
  const sender = createBatchSender(parts, waiting, lose);
  const send = async (): Promise<void> => {
    await sender.send();
    if (!state.isClosed && sender.pending() > 0) schedule();
  };
  const schedule = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void send();
    }, FLUSH_MS).unref();
  };
  return {
    write(line) {
      if (state.isClosed) return lose(1, 'the logs are closed');
      if (line.length > LINE_CHARACTERS) return lose(1, `a line is longer than ${LINE_CHARACTERS} characters`);
      lose(waiting.add(line), 'too many wait');
      if (waiting.length() >= BATCH_LINES) void send();
      else schedule();
    },
    lost: () => state.lost,
    async close(deadlineMs) {
      state.isClosed = true;
      clearTimeout(timer);
      const timeUp = new Promise((resolve) => setTimeout(resolve, deadlineMs).unref());
      await Promise.race([sender.sendOnceMore(), timeUp]);
      lose(sender.pending(), 'the process ended');
      parts.transport.close();
    },
  };
}

interface BatchSender {
  /** Sends batch after batch until nothing waits or one has to be tried later. */
  send(): Promise<void>;
  /** The same, without waiting for the time of the next try. */
  sendOnceMore(): Promise<void>;
  /** Lines that wait or are on their way. */
  pending(): number;
}

function createBatchSender(
  { transport, clock, random, sender, warn }: LogShipperParts,
  waiting: WaitingLines,
  lose: (lines: number, why: string) => void,
): BatchSender {
  const backoff = createBackoff({ firstMs: 500, longestMs: () => 10_000, random });
  let batch: Batch | undefined;
  let sending: Promise<void> | undefined;
  let mayTryAt = -Infinity;
  const nextBatch = (): Batch | undefined => {
    const lines = waiting.take(BATCH_LINES);
    return lines.length === 0 ? undefined : { body: Buffer.from(encodeLogs(lines, sender)), lines: lines.length };
  };
  const sendAll = async (): Promise<void> => {
    for (;;) {
      batch ??= nextBatch();
      if (batch === undefined || clock.monotonic() < mayTryAt) return;
      const { waitMs, why } = judge(await transport.exchange({ ...post, body: batch.body }), backoff);
      if (waitMs > 0) {
        mayTryAt = clock.monotonic() + waitMs;
        warn(`log records wait to be sent: ${why}`);
        continue;
      }
      if (why !== '') lose(batch.lines, why);
      batch = undefined;
    }
  };
  const send = (): Promise<void> => {
    sending ??= sendAll().finally(() => {
      sending = undefined;
    });
    return sending;
  };
  return {
    send,
    async sendOnceMore() {
      await sending;
      mayTryAt = -Infinity;
      await send();
    },
    pending: () => waiting.length() + (batch?.lines ?? 0),
  };
}

const post = {
  method: 'POST',
  path: '/v1/logs',
  headers: { 'content-type': 'application/json' },
  deadlineMs: 10_000,
  maximumBytes: 65_536,
} as const;

/** `waitMs` 0: done with, stored (`why` empty) or given up. */
function judge(
  answer: Answer | { readonly failure: string },
  backoff: Backoff,
): { readonly waitMs: number; readonly why: string } {
  if ('failure' in answer) return { waitMs: backoff.next(), why: answer.failure };
  const { status, headers } = answer;
  if (status >= 200 && status < 300) {
    backoff.reset();
    return { waitMs: 0, why: '' };
  }
  if ([400, 404, 413, 415, 422].includes(status)) return { waitMs: 0, why: `the server refused them (${status})` };
  const hint = status === 401 || status === 403 ? '; is BELAY_KEY a token with the scope "ingest"?' : '';
  const asked = Number(headers['retry-after'] ?? 0) * 1000;
  const waitMs = Math.max(backoff.next(), Number.isFinite(asked) ? Math.min(asked, 30_000) : 0);
  return { waitMs, why: `the server answered ${status}${hint}` };
}
