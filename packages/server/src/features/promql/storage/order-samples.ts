/**
 * The order in which samples of one series have to be read so that times rise and none stands twice: of samples with
 * the same time the last counts. Undefined when they lie so already, which is the rule.
 */
export function orderOf(times: Float64Array): Uint32Array | undefined {
  let isSorted = true;
  for (let index = 1; index < times.length && isSorted; index += 1) {
    isSorted = (times[index] ?? 0) > (times[index - 1] ?? 0);
  }
  if (isSorted) return undefined;
  const order = Uint32Array.from(times, (_, index) => index);
  order.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
  let kept = 0;
  for (let at = 0; at < order.length; at += 1) {
    const index = order[at] ?? 0;
    const before = order[kept - 1];
    if (kept > 0 && before !== undefined && times[before] === times[index]) kept -= 1;
    order[kept] = index;
    kept += 1;
  }
  return order.subarray(0, kept);
}

export function inOrder(values: Float64Array, order: Uint32Array | undefined): Float64Array {
  return order === undefined ? values : Float64Array.from(order, (index) => values[index] ?? 0);
}

/** What happened since the point before becomes what happened in all since the first point. */
export function accumulated(values: Float64Array): Float64Array {
  let total = 0;
  return values.map((value) => {
    // A point without a value, or the mark of an end, adds nothing.
    if (!Number.isNaN(value)) total += value;
    return total;
  });
}

/** Words of Prometheus' stale marker, a NaN that means: the series ended here. */
const STALE_LOW = 2;
const STALE_HIGH = 0x7ff0_0000;

/** 1 where a value is the stale marker; undefined when none is. */
export function staleMarks(words: Uint32Array): Uint8Array | undefined {
  let marks: Uint8Array | undefined;
  for (let index = 0; index < words.length; index += 2) {
    if (words[index + 1] !== STALE_HIGH || words[index] !== STALE_LOW) continue;
    marks ??= new Uint8Array(words.length / 2);
    marks[index / 2] = 1;
  }
  return marks;
}

export function marksInOrder(marks: Uint8Array | undefined, order: Uint32Array | undefined): Uint8Array | undefined {
  if (marks === undefined || order === undefined) return marks;
  return Uint8Array.from(order, (index) => marks[index] ?? 0);
}
