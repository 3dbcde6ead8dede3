import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEventParser } from './event-stream.ts';
import type { StreamMessage } from './event-stream.ts';

test('messages carry event, data and the last id seen', () => {
  expect(parse(['id: 7\nevent: reset\ndata: {"a":1}\n\n', ': comment\n\n', 'data: x\ndata: y\n\n'])).toEqual([
    { event: 'reset', data: '{"a":1}', id: '7' },
    { event: 'message', data: 'x\ny', id: '7' },
  ]);
});

test('how the text is cut into pieces and how its lines end makes no difference', () => {
  const ends = fc.constantFrom('\n', '\r\n', '\r');
  const cuts = fc.array(fc.nat({ max: 60 }), { maxLength: 12 });
  fc.assert(
    fc.property(ends, cuts, (end, places) => {
      const text = `id: 1${end}data: {"type":"flag"}${end}${end}event: reset${end}data:${end}${end}data: z${end}${end}data: open`;
      const pieces = cut(text, places);
      expect(parse(pieces)).toEqual([
        { event: 'message', data: '{"type":"flag"}', id: '1' },
        { event: 'reset', data: '', id: '1' },
        { event: 'message', data: 'z', id: '1' },
      ]);
    }),
    { seed: 4, numRuns: 300 },
  );
});

test('a line without an end is refused before it fills memory', () => {
  const parser = createEventParser(() => undefined);
  expect(() => {
    for (let index = 0; index < 20; index += 1) parser.push('x'.repeat(1024 * 1024));
  }).toThrow('too long');
});

function parse(pieces: readonly string[]): StreamMessage[] {
  const messages: StreamMessage[] = [];
  const parser = createEventParser((message) => messages.push(message));
  for (const piece of pieces) parser.push(piece);
  return messages;
}

function cut(text: string, places: readonly number[]): string[] {
  const edges = [0, ...places.map((place) => Math.min(place, text.length)).toSorted((a, b) => a - b), text.length];
  return edges.slice(1).map((end, index) => text.slice(edges[index], end));
}
