export interface RangeAnswer {
  readonly status: 'success' | 'error';
  readonly error?: string;
  readonly data?: {
    readonly resultType: string;
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
}

export interface RangeQuestion {
  readonly query: string;
  /** Unix seconds. */
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Asks a Prometheus-compatible API. */
export async function askRange(url: string, question: RangeQuestion): Promise<RangeAnswer> {
  const form = Object.entries(question).map(([name, value]) => [name, String(value)] as [string, string]);
  const response = await fetch(`${url}/api/v1/query_range`, { method: 'POST', body: new URLSearchParams(form) });
  return (await response.json()) as RangeAnswer;
}

/** The tolerance of the compliance tester. */
const TOLERANCE = 1e-5;

/** The first way in which two answers differ; undefined when they agree. */
export function differenceOf(expected: RangeAnswer, got: RangeAnswer): string | undefined {
  if (got.status !== 'success') return `failed: ${got.error}`;
  const [theirs, ours] = [byLabels(expected), byLabels(got)];
  for (const [labels, values] of theirs) {
    const own = ours.get(labels);
    if (own === undefined) return `${labels} is missing`;
    for (const [time, value] of values) {
      const other = own.get(time);
      if (other === undefined) return `${labels} has no point at ${time}`;
      if (!isClose(value, other)) return `${labels} at ${time}: ${other} instead of ${value}`;
    }
    if (own.size > values.size) return `${labels} has ${own.size - values.size} points too many`;
  }
  return ours.size > theirs.size ? `${ours.size - theirs.size} series too many` : undefined;
}

export function pointsIn(answer: RangeAnswer): number {
  return (answer.data?.result ?? []).reduce((sum, { values }) => sum + values.length, 0);
}

function byLabels(answer: RangeAnswer): Map<string, Map<number, number>> {
  return new Map(
    (answer.data?.result ?? []).map(({ metric, values }) => [
      JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1))),
      new Map(values.map(([time, value]) => [Math.round(time * 1000), numberOf(value)])),
    ]),
  );
}

function numberOf(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

function isClose(a: number, b: number): boolean {
  return Object.is(a, b) || Math.abs(a - b) <= TOLERANCE * Math.min(Math.abs(a), Math.abs(b));
}
