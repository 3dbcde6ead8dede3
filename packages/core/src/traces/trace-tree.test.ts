import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrangeTrace } from './trace-tree.ts';

const span = (id: string, parentId: string, start: number, rest: object = {}) => ({
  id,
  parentId,
  process: 'api',
  start,
  duration: 10,
  isSynchronous: true,
  ...rest,
});
const outline = (...spans: ReturnType<typeof span>[]) =>
  arrangeTrace(spans).map(({ span: { id }, depth, placed }) => `${'.'.repeat(depth)}${id} ${placed}`);

describe('the tree of a trace', () => {
  test('parents stand before children, siblings by start', () => {
    expect(outline(span('c', 'a', 5), span('b', 'a', 2), span('a', '', 0), span('d', 'b', 3))).toEqual([
      'a root',
      '.b child',
      '..d child',
      '.c child',
    ]);
  });

  test('a missing parent makes a root', () => {
    expect(outline(span('a', 'gone', 0), span('b', 'a', 1))).toEqual(['a missing-parent', '.b child']);
  });

  test('circles are opened at their earliest span', () => {
    expect(outline(span('a', 'c', 3), span('b', 'a', 1), span('c', 'b', 2))).toEqual([
      'b cycle',
      '.c child',
      '..a child',
    ]);
    expect(outline(span('a', 'a', 0))).toEqual(['a cycle']);
  });

  test('spans with the same id are all kept', () => {
    expect(outline(span('a', '', 0), span('b', 'a', 1), span('b', 'a', 2), span('c', 'b', 3))).toEqual([
      'a root',
      '.b child',
      '..c child',
      '.b duplicate',
    ]);
  });

  test('a clock that is behind its caller is corrected, with what runs below', () => {
    const placed = arrangeTrace([
      span('call', '', 100, { duration: 40 }),
      span('serve', 'call', 20, { duration: 20, process: 'db' }),
      span('inner', 'serve', 25, { duration: 5, process: 'db' }),
    ]);
    expect(placed.map(({ start, skew }) => [start, skew])).toEqual([
      [100, 0],
      [110, 90],
      [115, 90],
    ]);
  });

  test('a message may be handled after its sending, but not before', () => {
    const handled = (start: number) =>
      arrangeTrace([span('send', '', 100), span('handle', 'send', start, { process: 'w', isSynchronous: false })])[1]
        ?.start;
    expect(handled(5000)).toBe(5000);
    expect(handled(20)).toBe(100);
  });

  test('own time leaves out what children cover, once', () => {
    const [root] = arrangeTrace([
      span('a', '', 0, { duration: 100 }),
      span('b', 'a', 10, { duration: 30 }),
      span('c', 'a', 20, { duration: 30 }),
      span('d', 'a', 90, { duration: 50 }),
    ]);
    expect(root?.self).toBe(50);
  });

  test('ten thousand levels are no problem', () => {
    const deep = Array.from({ length: 10_000 }, (_, at) => span(`s${at}`, at === 0 ? '' : `s${at - 1}`, at));
    expect(arrangeTrace(deep).at(-1)?.depth).toBe(9999);
  });

  test('whatever is sent, every span comes out once, below a parent that came before', () => {
    const id = fc.constantFrom('', 'a', 'b', 'c', 'd', 'e', 'x');
    const any = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      parentId: id,
      process: fc.constantFrom('p', 'q'),
      start: fc.integer({ min: -1000, max: 1000 }),
      duration: fc.integer({ min: 0, max: 100 }),
      isSynchronous: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 12 }), (spans) => {
        const placed = arrangeTrace(spans);
        expect(new Set(placed.map((entry) => entry.span)).size).toBe(spans.length);
        const path: string[] = [];
        for (const {
          span: { id: own, parentId, duration },
          depth,
          placed: why,
          self,
        } of placed) {
          expect(depth).toBeLessThanOrEqual(path.length);
          path.length = depth;
          if (depth > 0) expect(path.at(-1)).toBe(parentId);
          if (why === 'child') expect(depth).toBeGreaterThan(0);
          expect(self).toBeGreaterThanOrEqual(0);
          expect(self).toBeLessThanOrEqual(duration);
          path.push(own);
        }
      }),
      { numRuns: 500, seed: 3 },
    );
  });
});
