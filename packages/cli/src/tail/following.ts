import type { RecordTarget } from './send-records.ts';
import type { TailStateFile } from './tail-state.ts';

/** How a file is followed. */
export interface FollowOptions {
  /** Absolute path. */
  readonly file: string;
  readonly service: string;
  readonly instance: string;
  readonly state: TailStateFile;
  readonly target: RecordTarget;
  readonly clock: { now(): number };
  /** On the first time begin at the beginning; else at what is written from now on. */
  readonly isFromStart: boolean;
  /** End at the end of the file instead of waiting for more. */
  readonly isOnce: boolean;
  readonly onNotice: (text: string) => void;
}

/** A file that is being followed, and what was done with it so far. */
export interface Following extends FollowOptions {
  readonly counts: {
    records: number;
    refused: number;
    /** Bytes of lines beyond the longest that is kept. */
    cutBytes: number;
  };
}

/** How often a file is looked at when it had nothing new. */
export const POLL_MS = 250;
