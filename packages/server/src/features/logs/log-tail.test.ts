import type { LogTailEvent } from '@belay/protocol';
import { expect, test } from 'vitest';
import { createLogTail } from './log-tail.ts';

const FULL = 2 ** 20;

/** A tail over a store with so many lines in each second. */
function tailOf(linesBySecond: Readonly<Record<number, number>>, since?: number) {
  const world = { closed: 100, waiting: 0, events: [] as LogTailEvent[], ids: [] as string[] };
  const inside = (parameters: Readonly<Record<string, unknown>> | undefined) => {
    const [after = 0, through = 0] = Object.values(parameters ?? {}).map(Number);
    return Object.entries(linesBySecond).filter(([second]) => Number(second) > after && Number(second) <= through);
  };
  const tail = createLogTail({
    telemetry: {
      closedThrough: () => world.closed,
      reader: {
        async rows<Row>(
          sql: string,
          options: { readonly parameters?: Readonly<Record<string, unknown>> },
        ): Promise<Row[]> {
          const blocks = inside(options.parameters);
          const total = blocks.reduce((sum, [, lines]) => sum + lines, 0);
          const rows = sql.includes('count()') ? [{ n: total }] : Array.from({ length: Math.min(500, total) }, rowOf);
          // Decoder of a fake: rows have the columns that the statement selects.
          return rows as unknown as Row[];
        },
      },
    },
    clock: { now: () => 0 },
    filter: { q: '' },
    since,
    reader: {
      waitingBytes: () => world.waiting,
      write: (text) => {
        const [, id, data] = /^(?:id: (\d+)\n)?data: (.*)\n\n$/.exec(text) ?? [];
        if (id !== undefined) world.ids.push(id);
        // Decoder: what the tail wrote.
        const event = JSON.parse(data ?? '') as LogTailEvent;
        if (event.type !== 'heartbeat') world.events.push(event);
      },
    },
  });
  return { world, tail };
}

const rowOf = () => ({ at_ns: '1', line_key: '0', severity: 9, body: 'x', trace: '', span: '', attributes: {} });
const told = (events: readonly LogTailEvent[]) =>
  events.map((event) =>
    event.type === 'lines' ? event.lines.length : event.type === 'missed' ? [event.count, event.reason] : '',
  );

test('a tail sends what closes after it began', async () => {
  const { world, tail } = tailOf({ 100: 4, 101: 2, 102: 3 });
  await tail.advance();
  world.closed = 101;
  await tail.advance();
  world.closed = 102;
  await tail.advance();
  expect(told(world.events)).toEqual([2, 3]);
  expect(world.ids.at(-1)).toBe('102');
});

test('a slow reader is told how many lines it missed, and nothing is kept for it', async () => {
  const { world, tail } = tailOf({ 101: 2, 102: 30, 103: 7, 104: 1 });
  world.closed = 101;
  await tail.advance();
  world.waiting = FULL;
  world.closed = 102;
  await tail.advance();
  world.closed = 103;
  await tail.advance();
  expect(told(world.events)).toEqual([2]);
  world.waiting = 0;
  world.closed = 104;
  await tail.advance();
  expect(told(world.events)).toEqual([2, [37, 'slow'], 1]);
});

test('a burst is cut and counted', async () => {
  const { world, tail } = tailOf({ 101: 1200 });
  world.closed = 101;
  await tail.advance();
  expect(told(world.events)).toEqual([[700, 'burst'], 500]);
});

test('a reader that comes back gets what it missed; after too long, how much that was', async () => {
  const soon = tailOf({ 95: 5, 100: 1 }, 90);
  await soon.tail.advance();
  expect(told(soon.world.events)).toEqual([6]);
  const late = tailOf({ 95: 5, 700: 1 }, 90);
  late.world.closed = 700;
  await late.tail.advance();
  expect(told(late.world.events)).toEqual([[5, 'gap'], 1]);
});

test('an id from a future that never came is no reason to wait for it', async () => {
  const { world, tail } = tailOf({ 101: 1 }, 5000);
  world.closed = 101;
  await tail.advance();
  expect(told(world.events)).toEqual([1]);
});
