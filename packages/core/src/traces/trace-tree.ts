import { skewOf } from './clock-skew.ts';
import type { PlacedSpan, Placing, SpanFacts } from './span-node.ts';

interface Node<Span extends SpanFacts> {
  readonly span: Span;
  readonly index: number;
  placed: Placing;
  parent: Node<Span> | undefined;
  readonly children: Node<Span>[];
}

/**
 * Arranges the spans of a trace as a waterfall: parents before their children, siblings by start. Every span comes out
 * exactly once, whatever was sent: spans whose parent is missing become roots, a circle of parents is opened at its
 * earliest span, and of spans with the same id the later ones stand as childless siblings. Clocks of other processes
 * are corrected where effects would come before their causes. O(n log n), without recursion.
 */
export function arrangeTrace<Span extends SpanFacts>(spans: readonly Span[]): readonly PlacedSpan<Span>[] {
  const nodes = spans.map((span, index): Node<Span> => ({
    span,
    index,
    placed: 'child',
    parent: undefined,
    children: [],
  }));
  const byId = new Map<string, Node<Span>>();
  for (const node of nodes) {
    if (byId.has(node.span.id)) node.placed = 'duplicate';
    else byId.set(node.span.id, node);
  }
  for (const node of nodes) findParent(node, byId);
  openCircles(nodes);
  for (const node of nodes) node.parent?.children.push(node);
  const roots = nodes.filter(({ parent }) => parent === undefined).toSorted(byStart);
  return draw(roots);
}

function findParent<Span extends SpanFacts>(node: Node<Span>, byId: ReadonlyMap<string, Node<Span>>): void {
  const { parentId, id } = node.span;
  if (parentId === '') {
    if (node.placed === 'child') node.placed = 'root';
    return;
  }
  node.parent = parentId === id ? undefined : byId.get(parentId);
  if (node.parent === undefined && node.placed === 'child') node.placed = parentId === id ? 'cycle' : 'missing-parent';
}

/** Walks up from every span once; a walk that meets itself has found a circle. */
function openCircles<Span extends SpanFacts>(nodes: readonly Node<Span>[]): void {
  const settled = new Set<Node<Span>>();
  for (const start of nodes) {
    const walk: Node<Span>[] = [];
    const onWalk = new Set<Node<Span>>();
    let node: Node<Span> | undefined = start;
    while (node !== undefined && !settled.has(node) && !onWalk.has(node)) {
      walk.push(node);
      onWalk.add(node);
      node = node.parent;
    }
    if (node !== undefined && onWalk.has(node)) {
      const [first] = walk.slice(walk.indexOf(node)).toSorted(byStart);
      if (first !== undefined) {
        first.parent = undefined;
        first.placed = 'cycle';
      }
    }
    for (const seen of walk) settled.add(seen);
  }
}

interface Visit<Span extends SpanFacts> {
  readonly node: Node<Span>;
  readonly depth: number;
  /** The parent as placed, for the correction of clocks. */
  readonly above:
    | { readonly process: string; readonly start: number; readonly duration: number; readonly skew: number }
    | undefined;
}

function draw<Span extends SpanFacts>(roots: readonly Node<Span>[]): readonly PlacedSpan<Span>[] {
  const placed: PlacedSpan<Span>[] = [];
  const stack: Visit<Span>[] = roots.toReversed().map((node) => ({ node, depth: 0, above: undefined }));
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { node, depth, above } = visit;
    const { span } = node;
    const skew = skewOf(span, above);
    const start = span.start + skew;
    const children = node.children.toSorted(byStart);
    placed.push({ span, depth, children: children.length, placed: node.placed, start, skew, self: selfTime(node) });
    const here = { process: span.process, start, duration: span.duration, skew };
    for (const child of children.toReversed()) stack.push({ node: child, depth: depth + 1, above: here });
  }
  return placed;
}

/** Duration without the time in which a child of any process runs, each placed by the clock it agrees with. */
function selfTime<Span extends SpanFacts>({ span, children }: Node<Span>): number {
  const above = { process: span.process, start: span.start, duration: span.duration, skew: 0 };
  const end = span.start + span.duration;
  const intervals = children
    .map(({ span: child }) => {
      const from = child.start + skewOf(child, above);
      return { from: Math.max(from, span.start), to: Math.min(from + child.duration, end) };
    })
    .filter(({ from, to }) => to > from)
    .toSorted((a, b) => a.from - b.from);
  let covered = 0;
  let reached = span.start;
  for (const { from, to } of intervals) {
    covered += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return Math.max(0, span.duration - covered);
}

function byStart<Span extends SpanFacts>(a: Node<Span>, b: Node<Span>): number {
  return a.span.start - b.span.start || a.index - b.index;
}
