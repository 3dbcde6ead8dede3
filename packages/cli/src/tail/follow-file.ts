import { setTimeout as delay } from 'node:timers/promises';
import { type Following, type FollowOptions, POLL_MS } from './following.ts';
import { openByName, pathOfInode } from './open-followed-file.ts';
import { readFollowedFile } from './read-followed-file.ts';
import type { TailState } from './tail-state.ts';

/** What was done with a file. */
export interface FollowReport {
  readonly file: string;
  readonly records: number;
  readonly refused: number;
  readonly cutBytes: number;
}

/**
 * Sends what is and what will be in a file, across rotations and restarts. Each batch is noted on disk before it is sent
 * and after it was stored, so that a crash in between sends the very same bytes again, by which Belay knows them.
 */
export async function followFile(options: FollowOptions): Promise<FollowReport> {
  const following: Following = { ...options, counts: { records: 0, refused: 0, cutBytes: 0 } };
  const { signal } = options.target;
  try {
    for (let step: Step = { isOver: false, state: undefined }; !step.isOver && !signal.aborted;) {
      step = await followOne(following, step.state ?? (await startState(following)));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return { file: options.file, ...following.counts };
}

interface Step {
  readonly isOver: boolean;
  /** undefined while there is no file. */
  readonly state: TailState | undefined;
}

/** Where to begin: where the last run ended, else at the beginning or the end. */
async function startState({ file, state, isFromStart }: Following): Promise<TailState | undefined> {
  const known = state.read();
  if (known !== undefined) return known;
  const found = await openByName(file);
  if (found === undefined) return undefined;
  await found.handle.close();
  const started = { file, done: { inode: found.inode, position: isFromStart ? 0 : found.size }, sending: null };
  state.write(started);
  return started;
}

/** Reads the file of the state to where it ends for good, then turns to the one that has its name now. */
async function followOne(following: Following, state: TailState | undefined): Promise<Step> {
  const { file, isOnce, target, onNotice } = following;
  const inodeNow = await inodeOf(file);
  const place = state === undefined ? undefined : await pathOfInode(file, state.done.inode);
  if (state === undefined || (inodeNow === undefined && place === undefined)) {
    if (!isOnce) await delay(POLL_MS, undefined, { signal: target.signal });
    return { isOver: isOnce, state };
  }
  const { inode, position } = state.done;
  const source = place === undefined ? undefined : await openByName(place);
  if (source?.inode !== inode) {
    await source?.handle.close();
    onNotice(`${file} was replaced and the file before is gone; it was sent up to byte ${position}.`);
    return { isOver: false, state: moveTo(following, state, inodeNow ?? inode) };
  }
  try {
    const after = await readFollowedFile(following, source, state);
    const next = await inodeOf(file);
    if (next === undefined || next === inode) return { isOver: isOnce, state: after };
    return { isOver: false, state: moveTo(following, after, next) };
  } finally {
    await source.handle.close();
  }
}

function moveTo({ state }: Following, before: TailState, inode: number): TailState {
  const next = { ...before, done: { inode, position: 0 }, sending: null };
  state.write(next);
  return next;
}

/** The inode that has the name now; undefined while nothing has it. */
async function inodeOf(file: string): Promise<number | undefined> {
  const found = await openByName(file);
  await found?.handle.close();
  return found?.inode;
}
