import { inTime } from './in-time.ts';
import type { ChannelLog, LogEntry, LogPlace, LogRecord } from './log-types.ts';
import { openTopic, PAGE, publicationOf, type Topic, type TopicParts } from './topic.ts';

/** All channels that this process serves. */
export interface Hub {
  /** The channel, opened where it was not; to be given back with `release`. Gives up by itself after `deadlineMs`. */
  acquire(name: string): Promise<Topic>;
  release(name: string): void;
  /** Hands stored messages to those who listen. */
  stored(entries: readonly LogEntry[], places: readonly LogPlace[]): void;
  channels(): number;
  close(): void;
}

/** What a {@link Hub} needs. */
export interface HubParts extends TopicParts {
  readonly deadlineMs: number;
}

/** How often every channel is compared with the log: what a lost call from another process would cost at most. */
const COMPARE_MS = 10_000;

interface Held {
  readonly topic: Promise<Topic>;
  opened: Topic | undefined;
  holders: number;
}

/** A hub over a log. */
export function createHub(parts: HubParts): Hub {
  const held = new Map<string, Held>();
  const drop = (name: string, entry: Held): void => {
    if (held.get(name) === entry) held.delete(name);
  };
  const catchUpAll = (): void => {
    for (const { opened } of held.values()) void opened?.catchUp();
  };
  const stopWatching = parts.log.watch((channel) => {
    if (channel === undefined) catchUpAll();
    else void held.get(channel)?.opened?.catchUp();
  });
  const comparing = setInterval(catchUpAll, COMPARE_MS).unref();
  return {
    async acquire(name) {
      const known = held.get(name);
      const entry: Held = known ?? { topic: openInTime(name, parts), opened: undefined, holders: 0 };
      entry.holders += 1;
      if (known === undefined) held.set(name, entry);
      try {
        entry.opened = await entry.topic;
        return entry.opened;
      } catch (error) {
        entry.holders -= 1;
        drop(name, entry);
        throw error;
      }
    },
    release(name) {
      const entry = held.get(name);
      if (entry === undefined) return;
      entry.holders -= 1;
      if (entry.holders === 0) drop(name, entry);
    },
    stored(entries, places) {
      for (const [name, { epoch, records }] of byChannel(entries, places)) {
        held.get(name)?.opened?.offer(epoch, records);
      }
    },
    channels: () => held.size,
    close() {
      stopWatching();
      clearInterval(comparing);
    },
  };
}

async function openInTime(name: string, parts: HubParts): Promise<Topic> {
  const open = async (): Promise<Topic> => {
    const topic = await openTopic(name, parts);
    // What was stored while it was being opened was offered to nobody.
    await topic.catchUp();
    return topic;
  };
  return inTime(open(), parts.deadlineMs);
}

function byChannel(
  entries: readonly LogEntry[],
  places: readonly LogPlace[],
): ReadonlyMap<string, { readonly epoch: string; readonly records: LogRecord[] }> {
  const groups = new Map<string, { epoch: string; records: LogRecord[] }>();
  entries.forEach(({ channel, body }, index) => {
    const place = places[index];
    if (place === undefined || place.isDuplicate) return;
    const group = groups.get(channel) ?? { epoch: place.epoch, records: [] };
    group.records.push({ offset: place.offset, body });
    groups.set(channel, group);
  });
  return groups;
}

/** What a client missed. */
export interface Missed {
  /** As JSON texts, oldest first. */
  readonly publications: readonly string[];
  /** The topic's place that they lead to. */
  readonly offset: number;
  readonly epoch: string;
}

/** Publications between a client's place and the topic's; undefined where they are not all there. */
export async function readMissed(
  topic: Topic,
  log: ChannelLog,
  from: { readonly offset: number; readonly epoch: string },
  bounds: { readonly bytes: number; readonly deadlineMs: number },
): Promise<Missed | undefined> {
  const missed: string[] = [];
  let since = from.offset;
  let bytes = 0;
  for (;;) {
    const { epoch, offset } = topic.position();
    // An empty epoch is any, as Centrifugo has it.
    if (since > offset || (from.epoch !== '' && from.epoch !== epoch)) return undefined;
    if (since === offset) return { publications: missed, offset, epoch };
    const stretch = await inTime(log.read(topic.name, { since, limit: PAGE }), bounds.deadlineMs);
    if (stretch.isGap || stretch.epoch !== epoch) return undefined;
    const top = topic.position().offset;
    for (const record of stretch.records) {
      // The rest comes to this client as to everybody else.
      if (record.offset > top) break;
      since = record.offset;
      bytes += record.body.length;
      missed.push(publicationOf(record));
    }
    if (bytes > bounds.bytes) return undefined;
  }
}
