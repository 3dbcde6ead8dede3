import type { LogFilter, LogTailEvent } from '@belay/protocol';
import { createSqlParameters, type TelemetryReader, type TelemetryStore } from '../telemetry/api.ts';
import { type LogQuestion, logQuestion } from './log-question.ts';
import { LINE_COLUMNS, lineOf, type LogRow } from './log-row.ts';

/** A reader of the live tail. */
export interface TailReader {
  /** Bytes that wait for it; above the bound it is told how many lines it missed. */
  waitingBytes(): number;
  write(text: string): void;
}

export interface TailOptions {
  readonly telemetry: Pick<TelemetryStore, 'closedThrough'> & { readonly reader: Pick<TelemetryReader, 'rows'> };
  readonly clock: { now(): number };
  readonly filter: LogFilter;
  /** Last block the reader has; lines that arrived later are sent. Unix seconds. */
  readonly since: number | undefined;
  readonly reader: TailReader;
}

/** Sends what arrives, block by block. */
export interface LogTail {
  /** Sends the blocks that have closed since; overlapping calls do nothing. */
  advance(): Promise<void>;
}

/** Lines of one step; of more, the newest are sent and the rest is counted. */
const STEP_LINES = 500;
/** How far back a reader may resume. */
const RESUME_SECONDS = 300;
/** Blocks read in one step. */
const STEP_SECONDS = 30;
const WAITING_BYTES = 256 * 1024;

/** A block is sent once it can no longer change, so each line is sent once, in whole or as part of a count. */
export function createLogTail(options: TailOptions): LogTail {
  const { telemetry, clock, reader } = options;
  const question = logQuestion(options.filter);
  const start = telemetry.closedThrough();
  const state = { block: resumeAt(options.since, start), isReading: false, missedWhileSlow: 0 };
  const send = (event: LogTailEvent, block?: number): void =>
    reader.write(`${block === undefined ? '' : `id: ${block}\n`}data: ${JSON.stringify(event)}\n\n`);

  const step = async (through: number): Promise<void> => {
    const isSlow = reader.waitingBytes() > WAITING_BYTES;
    const { total, lines } = await readBlock(options, question, { after: state.block, through, isSlow });
    state.block = through;
    if (isSlow) {
      state.missedWhileSlow += total;
      return;
    }
    if (state.missedWhileSlow > 0) send({ type: 'missed', count: state.missedWhileSlow, reason: 'slow' });
    state.missedWhileSlow = 0;
    if (total > lines.length) send({ type: 'missed', count: total - lines.length, reason: 'burst' });
    if (lines.length > 0) send({ type: 'lines', lines: lines.map((row) => lineOf(row)) }, through);
  };
  return {
    async advance() {
      if (state.isReading) return;
      state.isReading = true;
      try {
        const closed = telemetry.closedThrough();
        if (closed - state.block > RESUME_SECONDS) {
          const from = closed - RESUME_SECONDS;
          const { total } = await readBlock(options, question, { after: state.block, through: from, isSlow: true });
          if (total > 0) send({ type: 'missed', count: total, reason: 'gap' });
          state.block = from;
        }
        while (state.block < closed) await step(Math.min(closed, state.block + STEP_SECONDS));
        if (reader.waitingBytes() <= WAITING_BYTES) send({ type: 'heartbeat', at: clock.now() }, state.block);
      } finally {
        state.isReading = false;
      }
    },
  };
}

/** An id beyond what is stored comes from before a clock was set back: the tail starts with what comes next. */
function resumeAt(since: number | undefined, closed: number): number {
  return since === undefined || since > closed ? closed : since;
}

interface BlockRead {
  readonly after: number;
  readonly through: number;
  /** Counts alone. */
  readonly isSlow: boolean;
}

async function readBlock({ telemetry }: TailOptions, question: LogQuestion, { after, through, isSlow }: BlockRead) {
  const parameters = createSqlParameters(question.parameters);
  const where = `_in > toDateTime(${parameters.add(after, 'UInt32')}, 'UTC')
    AND _in <= toDateTime(${parameters.add(through, 'UInt32')}, 'UTC') AND ${question.condition}`;
  const read = { name: 'logs.tail', parameters: parameters.values };
  const [count] = await telemetry.reader.rows<{ n: number }>(`SELECT count() AS n FROM logs WHERE ${where}`, read);
  const total = count?.n ?? 0;
  if (isSlow || total === 0) return { total, lines: [] };
  const lines = await telemetry.reader.rows<LogRow>(
    `SELECT ${LINE_COLUMNS} FROM logs WHERE ${where} ORDER BY ts DESC, line_key DESC LIMIT ${STEP_LINES}`,
    read,
  );
  return { total, lines: lines.toReversed() };
}
