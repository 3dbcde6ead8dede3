import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type StreamEvent, createEventStreamParser } from './event-stream-parser.ts';

function parse(chunks: readonly string[], maximumLength = 1000) {
  const events: StreamEvent[] = [];
  const seen = { comments: 0, tooLarge: 0 };
  const feed = createEventStreamParser(
    {
      onEvent: (event) => events.push(event),
      onComment: () => (seen.comments += 1),
      onTooLarge: () => (seen.tooLarge += 1),
    },
    maximumLength,
  );
  for (const chunk of chunks) feed(chunk);
  return { events, ...seen };
}

describe('the event stream parser', () => {
  it('reads types, several data lines and comments', () => {
    const text = '\uFEFFevent: snapshot\ndata: {"a":\ndata:1}\n\n: beat\n\ndata: x\n\nevent: empty\n\n';
    expect(parse([text])).toEqual({
      events: [
        { type: 'snapshot', data: '{"a":\n1}' },
        { type: 'message', data: 'x' },
      ],
      comments: 1,
      tooLarge: 0,
    });
  });

  it('reads the same events however the text is cut, and whatever ends its lines', () => {
    const lines = fc.array(
      fc.constantFrom('event: a', 'data: 1', 'data:', 'data: \u{1F600}é', ': c', '', 'id: 3', 'x'),
    );
    fc.assert(
      fc.property(lines, fc.constantFrom('\n', '\r\n', '\r'), fc.array(fc.nat(200)), (parts, end, cuts) => {
        const text = parts.map((part) => part + end).join('') + 'rest';
        const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
        const chunks = [...places, text.length].map((place, index) => text.slice(places[index - 1] ?? 0, place));
        expect(parse(chunks)).toEqual(parse([parts.map((part) => `${part}\n`).join('') + 'rest']));
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it('stops at an event that is too large, on one line or on many', () => {
    expect(parse(['data: ', 'x'.repeat(600), 'x'.repeat(600), '\n\ndata: 1\n\n'])).toMatchObject({
      events: [],
      tooLarge: 1,
    });
    expect(parse(Array.from({ length: 500 }, () => 'data: xxxx\n'))).toMatchObject({ events: [], tooLarge: 1 });
  });
});
