import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRecords } from './encode-records.ts';
import { createLineCutter, LONGEST_LINE_BYTES } from './line-cutter.ts';
import { parseLine } from './parse-line.ts';
import { parseLogfmt } from './parse-logfmt.ts';
import { createRecordJoiner } from './record-joiner.ts';

describe('parseLine', () => {
  it.each([
    [
      'pino',
      '{"level":50,"time":1764000000000,"pid":1,"msg":"failed","err":{"type":"TypeError","message":"no","stack":"TypeError: no\\n at a"}}',
      { timeMs: 1_764_000_000_000, severity: 17, body: 'failed', severityText: 'ERROR' },
      [
        ['exception.type', 'TypeError'],
        ['pid', 1],
      ],
    ],
    [
      'winston',
      '{"timestamp":"2025-11-24T16:00:00.000Z","level":"warn","message":"slow","ms":512.5}',
      { timeMs: 1_764_000_000_000, severity: 13, body: 'slow' },
      [['ms', 512.5]],
    ],
    [
      'logfmt',
      'ts=2025-11-24T16:00:00Z level=info msg="user \\"ann\\" in" trace_id=0af7651916cd43dd8448eb211c80319c n=7',
      { severity: 9, body: 'user "ann" in', traceId: '0af7651916cd43dd8448eb211c80319c' },
      [['n', 7]],
    ],
    [
      'text with time and level',
      '2025-11-24 16:00:00,250 ERROR [bot] cannot connect',
      { severity: 17, body: '2025-11-24 16:00:00,250 ERROR [bot] cannot connect' },
      [],
    ],
    ['text', 'an error is a word here', { timeMs: undefined, severity: 0, body: 'an error is a word here' }, []],
    ['broken JSON', '{"level":30,', { severity: 0, body: '{"level":30,' }, []],
  ])('reads %s', (_name, line, expected, attributes) => {
    const record = parseLine(line);
    expect(record).toMatchObject(expected);
    for (const [key, value] of attributes as [string, unknown][]) expect(record.attributes.get(key)).toBe(value);
  });

  it('reads any line without throwing, and encodes it', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constantFrom('{}', '[]', '{"time":1e999}')),
        (line) => {
          const sender = { service: 's', instance: 'i', file: '/f', at: 1_764_000_000_000 };
          const body = JSON.parse(encodeRecords([line], sender).toString()) as object;
          expect(body).toHaveProperty('resourceLogs');
        },
      ),
      { seed: 3, numRuns: 2000 },
    );
  });

  it('takes a sentence with one "=" for a sentence', () => {
    expect(parseLogfmt('a=b')).toBeUndefined();
    expect(parseLogfmt('query a=b c=d')).toBeUndefined();
    expect(parseLogfmt('a=b c="d e"')).toEqual(
      new Map([
        ['a', 'b'],
        ['c', 'd e'],
      ]),
    );
  });
});

describe('createLineCutter', () => {
  it('cuts the same lines however the bytes are split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' })),
        fc.array(fc.integer({ min: 1, max: 9 })),
        (texts, sizes) => {
          const lines = texts.map((text) => text.toWellFormed().replaceAll(/[\r\n]/g, ' '));
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const cutter = createLineCutter(100);
          const found: string[] = [];
          let from = 0;
          for (let i = 0; from < bytes.length; i += 1) {
            const size = sizes[i % Math.max(1, sizes.length)] ?? 3;
            for (const { text, end } of cutter.add(bytes.subarray(from, from + size))) {
              found.push(text);
              expect(bytes[end - 101]).toBe(10);
            }
            from += size;
          }
          expect(found).toEqual(lines);
        },
      ),
      { seed: 5 },
    );
  });

  it('keeps no more than the longest line in memory and tells what it cut', () => {
    const cutter = createLineCutter(0);
    for (let i = 0; i < 160; i += 1) cutter.add(Buffer.alloc(LONGEST_LINE_BYTES, 'x'));
    const [line] = cutter.add(Buffer.from('\n'));
    expect(line).toMatchObject({ end: 160 * LONGEST_LINE_BYTES + 1, cutBytes: 159 * LONGEST_LINE_BYTES });
    expect(line?.text).toHaveLength(LONGEST_LINE_BYTES);
  });
});

describe('createRecordJoiner', () => {
  it.each([
    ['Node', ['TypeError: no', '    at a (f.js:1)', '  cause: x', 'next'], 2],
    [
      'Java',
      [
        'ERROR failed',
        'java.lang.IllegalStateException: no',
        '\tat A.b(A.java:1)',
        'Caused by: x',
        '\t... 3 more',
        'next',
      ],
      2,
    ],
    [
      'Python',
      ['ERROR failed', 'Traceback (most recent call last):', '  File "a.py", line 1', 'ValueError: no', 'next'],
      2,
    ],
    ['JSON lines', ['{"a":1}', '{"b":2}'], 2],
  ])('joins a stack trace of %s to its message', (_name, lines, records) => {
    const joiner = createRecordJoiner();
    const texts = [...lines.map((line, i) => joiner.add(line, i)), joiner.flush()].filter(
      (record) => record !== undefined,
    );
    expect(texts).toHaveLength(records);
    expect(texts.map(({ text }) => text).join('\n')).toBe(lines.join('\n'));
  });
});
