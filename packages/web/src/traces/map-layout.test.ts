import { expect, it } from 'vitest';
import { edgePath, layOutMap, NODE } from './map-layout.ts';

const figures = { requests: 1, ratePerSecond: 1, errors: 0, errorRatio: 0, p95Ms: 1 };
const map = (pairs: readonly (readonly [string, string])[]) => ({
  nodes: [...new Set(pairs.flat())].map((id) => ({ ...figures, id, name: id, kind: 'service' as const, system: '' })),
  edges: pairs.map(([from, to]) => ({ ...figures, from, to })),
});

it('puts callers left of what they call, however long the way', () => {
  const { nodes } = layOutMap(
    map([
      ['web', 'api'],
      ['api', 'db'],
      ['web', 'db'],
    ]),
  );
  const x = (id: string) => nodes.get(id)?.x ?? Number.NaN;
  expect(x('web')).toBeLessThan(x('api'));
  expect(x('api')).toBeLessThan(x('db'));
});

it('ends with rings, and with services that call themselves', () => {
  const { nodes } = layOutMap(
    map([
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'a'],
      ['c', 'c'],
    ]),
  );
  expect(nodes.size).toBe(3);
});

it('never puts two nodes on top of each other', () => {
  const { nodes, height } = layOutMap(
    map([
      ['a', 'b'],
      ['a', 'c'],
      ['a', 'd'],
    ]),
  );
  const places = [...nodes.values()].filter((node) => node.id !== 'a').map((node) => node.y);
  expect(new Set(places).size).toBe(3);
  expect(Math.max(...places) + NODE.height).toBeLessThanOrEqual(height);
});

it('draws a way back over the top', () => {
  const a = { id: 'a', x: 0, y: 100 };
  const b = { id: 'b', x: 300, y: 100 };
  expect(edgePath(b, a)).not.toBe(edgePath(a, b));
});
