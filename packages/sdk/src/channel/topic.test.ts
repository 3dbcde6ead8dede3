import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildTextFrame } from './frame.ts';
import type { ChannelLog, LogRecord } from './log-types.ts';
import { openTopic } from './topic.ts';

/** A log in memory that answers a little later, as real ones do. */
function createLog(): { readonly log: ChannelLog; readonly records: LogRecord[] } {
  const records: LogRecord[] = [];
  const log: ChannelLog = {
    append: async () => [],
    position: async () => ({ epoch: 'e', offset: records.length }),
    async read(_channel, { since, limit }) {
      const found = records.slice(since, since + limit);
      const offset = records.length;
      await Promise.resolve();
      return { epoch: 'e', offset, records: found, isGap: false };
    },
    acknowledged: async () => 0,
    watch: () => () => {},
    trim: async () => {},
    close: async () => {},
  };
  return { log, records };
}

describe('a topic', () => {
  it('sends every message once and in order, whatever calls and own messages come in between', async () => {
    const step = fc.constantFrom('own', 'foreign', 'call', 'late', 'wait');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { log, records } = createLog();
        const topic = await openTopic('a', { log, onDelivered: () => {}, warn: () => {} });
        const seen: number[] = [];
        topic.listen({
          deliver(frame) {
            const text = frame.subarray(frame[1] === 126 ? 4 : 2).toString();
            for (const line of text.split('\n')) seen.push((JSON.parse(line) as Push).push.pub.offset);
          },
          interrupt: () => seen.push(-1),
        });
        const late: LogRecord[] = [];
        for (const kind of steps) {
          const record = { offset: records.length + 1, body: '{"data":1}' };
          if (kind === 'own' || kind === 'foreign' || kind === 'late') records.push(record);
          if (kind === 'own') topic.offer('e', [record]);
          if (kind === 'late') late.push(record);
          if (kind === 'call') void topic.catchUp();
          if (kind === 'wait') await Promise.resolve();
        }
        if (late.length > 0) topic.offer('e', late.slice(0, 1));
        await topic.catchUp();
        expect(seen).toEqual(records.map(({ offset }) => offset));
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('builds frames of every length as RFC 6455 says', () => {
    for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
      const frame = buildTextFrame('x'.repeat(length));
      const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
      expect(frame[0]).toBe(0x81);
      expect(frame.length).toBe(head + length);
      const told = head === 2 ? frame[1] : head === 4 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
      expect(told).toBe(length);
    }
    expect(buildTextFrame('ä')[1]).toBe(2);
  });
});

interface Push {
  readonly push: { readonly pub: { readonly offset: number } };
}
