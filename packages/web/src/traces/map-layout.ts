import type { ServiceMap } from '@belay/protocol';

export interface PlacedNode {
  readonly id: string;
  readonly x: number;
  readonly y: number;
}

export interface MapLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, PlacedNode>;
}

export const NODE = { width: 168, height: 46 } as const;
const GAP = { x: 92, y: 22 } as const;
const PAD = 10;

/** Columns from callers to callees; cycles are cut where they close. Positions are pixels of the node's corner. */
export function layOutMap(map: Pick<ServiceMap, 'nodes' | 'edges'>): MapLayout {
  const columns = columnsOf(map);
  const tallest = Math.max(1, ...columns.map((column) => column.length));
  const height = tallest * (NODE.height + GAP.y) - GAP.y + 2 * PAD;
  const nodes = new Map<string, PlacedNode>();
  for (const [index, column] of columns.entries()) {
    const own = column.length * (NODE.height + GAP.y) - GAP.y;
    for (const [row, id] of column.entries())
      nodes.set(id, {
        id,
        x: PAD + index * (NODE.width + GAP.x),
        y: (height - own) / 2 + row * (NODE.height + GAP.y),
      });
  }
  return { width: columns.length * (NODE.width + GAP.x) - GAP.x + 2 * PAD, height, nodes };
}

function columnsOf(map: Pick<ServiceMap, 'nodes' | 'edges'>): readonly (readonly string[])[] {
  const known = new Set(map.nodes.map((node) => node.id));
  const calls = new Map<string, string[]>();
  const called = new Set<string>();
  for (const edge of map.edges) {
    if (edge.from === edge.to || !known.has(edge.from) || !known.has(edge.to)) continue;
    calls.set(edge.from, [...(calls.get(edge.from) ?? []), edge.to]);
    called.add(edge.to);
  }
  const depth = new Map<string, number>();
  const visit = (id: string, level: number, path: ReadonlySet<string>): void => {
    if (path.has(id) || (depth.get(id) ?? -1) >= level) return;
    depth.set(id, level);
    for (const next of calls.get(id) ?? []) visit(next, level + 1, new Set([...path, id]));
  };
  for (const node of map.nodes) if (!called.has(node.id)) visit(node.id, 0, new Set());
  // A ring that nobody calls from outside starts at its first node.
  for (const node of map.nodes) if (!depth.has(node.id)) visit(node.id, 0, new Set());
  const columns: string[][] = [];
  for (const node of map.nodes) {
    const level = depth.get(node.id) ?? 0;
    (columns[level] ??= []).push(node.id);
  }
  return columns.filter((column) => column !== undefined);
}

/** The line from the right side of one node to the left side of another. */
export function edgePath(from: PlacedNode, to: PlacedNode): string {
  const y1 = from.y + NODE.height / 2;
  const y2 = to.y + NODE.height / 2;
  const isBack = to.x <= from.x;
  const x1 = isBack ? from.x + NODE.width / 2 : from.x + NODE.width;
  const x2 = isBack ? to.x + NODE.width / 2 : to.x;
  if (isBack) {
    const top = Math.min(from.y, to.y) - GAP.y / 2;
    return `M${x1} ${from.y}C${x1} ${top} ${x2} ${top} ${x2} ${to.y}`;
  }
  const bend = (x2 - x1) / 2;
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
