const BARS = '▁▂▃▄▅▆▇█';

/** A line of bars, each as high as its stretch's mean; a blank where there is nothing. */
export function sparkline(values: readonly (number | null)[], width: number): string {
  const means = Array.from({ length: Math.min(width, values.length) }, (_, bar) => {
    const from = Math.floor((bar * values.length) / Math.min(width, values.length));
    const to = Math.floor(((bar + 1) * values.length) / Math.min(width, values.length));
    const present = values.slice(from, to).filter((value) => value !== null);
    return present.length === 0 ? null : present.reduce((sum, value) => sum + value, 0) / present.length;
  });
  const present = means.filter((mean) => mean !== null);
  const [least, most] = [Math.min(...present), Math.max(...present)];
  return means
    .map((mean) => {
      if (mean === null) return ' ';
      const share = most === least ? 0.5 : (mean - least) / (most - least);
      return BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))];
    })
    .join('');
}
