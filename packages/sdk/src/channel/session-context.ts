import type { AppendQueue } from './append-queue.ts';
import type { Hub } from './hub.ts';
import type { ChannelLog } from './log-types.ts';
import type { PresenceBook } from './presence-book.ts';
import type { ChannelLimits, ChannelServerOptions, ChannelStatus } from './types.ts';

/** Numbers that go up and down while the server runs. */
export type Counts = {
  -readonly [
    Name in
      | 'subscriptions'
      | 'published'
      | 'duplicates'
      | 'delivered'
      | 'recovered'
      | 'unrecovered'
      | 'behind'
      | 'refused'
  ]: ChannelStatus[Name];
};

/** What all sessions of one server share. */
export interface SessionContext {
  readonly options: ChannelServerOptions;
  readonly limits: ChannelLimits;
  readonly log: ChannelLog;
  readonly hub: Hub;
  readonly queue: AppendQueue;
  readonly presence: PresenceBook | undefined;
  readonly counts: Counts;
  readonly warn: (message: string) => void;
  readonly now: () => number;
  readonly monotonic: () => number;
  /** Connections by user, of those who have said who they are. */
  readonly byUser: Map<string, number>;
}

/** The limits with their defaults. */
export const DEFAULT_LIMITS: ChannelLimits = {
  frameBytes: 65_536,
  connections: 20_000,
  connectionsPerUser: 100,
  channelsPerConnection: 128,
  channelNameLength: 255,
  commandsPerSecond: 200,
  waitingCommands: 256,
  behindBytes: 1_048_576,
  waitingMessages: 20_000,
  waitingBytes: 32 * 1_048_576,
  logMs: 10_000,
  heartbeatMs: 25_000,
  connectMs: 10_000,
  recoveryBytes: 16 * 1_048_576,
};

/** @throws RangeError that names the limit, the value seen and what would be right. */
export function readLimits(given: Partial<ChannelLimits> = {}): ChannelLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      throw new RangeError(`limits.${name} is not known; there are ${Object.keys(DEFAULT_LIMITS).join(', ')}.`);
    }
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`limits.${name} is ${String(value)}; give a whole number above 0.`);
    }
  }
  return { ...DEFAULT_LIMITS, ...given };
}
