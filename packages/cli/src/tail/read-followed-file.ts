import { setTimeout as delay } from 'node:timers/promises';
import { stat } from 'node:fs/promises';
import { encodeRecords } from './encode-records.ts';
import { type Following, POLL_MS } from './following.ts';
import { createLineCutter, type CutLine, LONGEST_LINE_BYTES } from './line-cutter.ts';
import type { FollowedFile } from './open-followed-file.ts';
import { createRecordJoiner, type JoinedRecord } from './record-joiner.ts';
import { sendRecords } from './send-records.ts';
import type { TailState } from './tail-state.ts';

const BATCH_RECORDS = 500;
const CHUNK_BYTES = 256 * 1024;

/** Sends batch after batch until the file has ended for good: rotated away, truncated, or (once) read in full. */
export async function readFollowedFile(
  following: Following,
  source: FollowedFile,
  before: TailState,
): Promise<TailState> {
  const { file, isOnce, target, onNotice } = following;
  const reader = createReader(following, source, before);
  await reader.repeatInterrupted();
  while (!target.signal.aborted) {
    const { size } = await source.handle.stat();
    if (size < reader.position()) {
      onNotice(`${file} was truncated; it is read from its beginning.`);
      return reader.startOver();
    }
    if (await reader.read(Infinity)) continue;
    await reader.sendRest();
    const isOver = isOnce || (await isRotatedAway(file, source.inode));
    // Whoever writes may have added lines just before the rotation was seen.
    if (isOver && (await source.handle.stat()).size <= reader.position()) return isOnce ? reader.end() : reader.state();
    if (!isOver) await delay(POLL_MS, undefined, { signal: target.signal });
  }
  return reader.state();
}

function createReader(following: Following, source: FollowedFile, before: TailState) {
  let state = before;
  let position = state.done.position;
  let waiting: JoinedRecord[] = [];
  const cutter = createLineCutter(position);
  const joiner = createRecordJoiner();
  const buffer = Buffer.alloc(CHUNK_BYTES);
  const take = (line: CutLine): void => {
    following.counts.cutBytes += line.cutBytes;
    const note = line.cutBytes > 0 ? ` [cut: the line had ${LONGEST_LINE_BYTES + line.cutBytes} bytes]` : '';
    const before = joiner.add(line.text + note, line.end);
    if (before !== undefined) waiting.push(before);
  };
  const send = async (): Promise<void> => {
    const records = waiting;
    waiting = [];
    if (records.length > 0) state = await sendBatch(following, state, records);
  };
  const sendRest = async (): Promise<void> => {
    const last = joiner.flush();
    if (last !== undefined) waiting.push(last);
    await send();
  };
  /** False at the end of the file. */
  const read = async (through: number): Promise<boolean> => {
    const wanted = Math.min(CHUNK_BYTES, through - position);
    const { bytesRead } = await source.handle.read(buffer, 0, wanted, position);
    position += bytesRead;
    for (const line of cutter.add(buffer.subarray(0, bytesRead))) {
      take(line);
      if (waiting.length >= BATCH_RECORDS && through === Infinity) await send();
    }
    return bytesRead > 0;
  };
  return {
    state: () => state,
    position: () => position,
    read,
    sendRest,
    /** A batch that a crash left half-way is made of the same records, so that it has the same bytes. */
    async repeatInterrupted() {
      const { sending } = state;
      if (sending === null || sending.inode !== source.inode) return;
      while (position < sending.end && (await read(sending.end)));
      await sendRest();
    },
    async startOver() {
      await sendRest();
      const next = { ...state, done: { inode: source.inode, position: 0 }, sending: null };
      following.state.write(next);
      return next;
    },
    /** Takes a last line without its line feed, too. */
    async end() {
      const rest = cutter.rest();
      if (rest !== undefined) take(rest);
      await sendRest();
      return state;
    },
  };
}

async function isRotatedAway(file: string, inode: number): Promise<boolean> {
  const now = await stat(file).catch(() => undefined);
  return now !== undefined && now.ino !== inode;
}

async function sendBatch(
  following: Following,
  before: TailState,
  records: readonly JoinedRecord[],
): Promise<TailState> {
  const { file, service, instance, state, target, clock, counts, onNotice } = following;
  const end = records.at(-1)?.end ?? before.done.position;
  const { inode } = before.done;
  const at = before.sending?.end === end ? before.sending.at : clock.now();
  state.write({ ...before, sending: { inode, end, at } });
  const texts = records.map(({ text }) => text).filter((text) => text.trim() !== '');
  if (texts.length > 0) {
    const refused = await sendRecords(encodeRecords(texts, { service, instance, file, at }), texts.length, target);
    if (refused > 0) onNotice(`Belay refused ${refused} of ${texts.length} records of ${file}.`);
    counts.records += texts.length - refused;
    counts.refused += refused;
  }
  const after = { ...before, done: { inode, position: end }, sending: null };
  state.write(after);
  return after;
}
