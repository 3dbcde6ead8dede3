const MINUS = '\u2212';
const THOUSANDS = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e4, 'k'],
] as const;
const BYTES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Three figures that count: `0.0031`, `12.4`, `3,580`, `12.3k`. */
export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  const sign = value < 0 ? MINUS : '';
  for (const [from, letter] of THOUSANDS)
    if (size >= from) return `${sign}${trim(size / (letter === 'k' ? 1000 : from))}${letter}`;
  if (size >= 1000) return sign + Math.round(size).toLocaleString('en-GB');
  if (size < 1e-4) return sign + size.toExponential(1);
  return sign + trim(size);
}

/** A value with its unit, as UCUM or as people write it: `1.23%`, `604 ms`, `1.2 s`, `$0.0031`, `3,580/min`, `1.2 MB`. */
export function formatValue(value: number, unit: string): string {
  switch (unit) {
    case '':
    case '1':
    case '{count}':
      return formatNumber(value);
    case '%':
      return `${formatNumber(value)}%`;
    case 'ns':
      return formatSeconds(value / 1e9);
    case 'us':
      return formatSeconds(value / 1e6);
    case 'ms':
      return formatSeconds(value / 1000);
    case 's':
      return formatSeconds(value);
    case 'By':
    case 'bytes':
      return formatBytes(value);
    case 'By/s':
      return `${formatBytes(value)}/s`;
    case 'USD':
      return `${value < 0 ? MINUS : ''}$${formatNumber(Math.abs(value))}`;
    case 'EUR':
      return `${value < 0 ? MINUS : ''}€${formatNumber(Math.abs(value))}`;
    default:
      break;
  }
  if (unit.startsWith('/')) return `${formatNumber(value)}${unit}`;
  if (unit.startsWith('1/')) return `${formatNumber(value)}${unit.slice(1)}`;
  const name = unit.replaceAll(/[{}]/g, '');
  return name.startsWith('/') ? `${formatNumber(value)}${name}` : `${formatNumber(value)} ${name}`;
}

/** `1.5 kB`, `1.2 MB`; decimal, as disks are sold and as `belay storage` writes them. */
export function formatBytes(bytes: number): string {
  let size = Math.abs(bytes);
  let index = 0;
  while (size >= 1000 && index < BYTES.length - 1) {
    size /= 1000;
    index += 1;
  }
  return `${bytes < 0 ? MINUS : ''}${index === 0 ? Math.round(size) : trim(size)} ${BYTES[index] ?? 'B'}`;
}

/** `812 µs`, `604 ms`, `1.2 s`, `3 min`. */
export function formatSeconds(seconds: number): string {
  const size = Math.abs(seconds);
  const sign = seconds < 0 ? MINUS : '';
  if (size === 0) return '0 ms';
  if (size < 1e-6) return `${sign}${trim(size * 1e9)} ns`;
  if (size < 1e-3) return `${sign}${trim(size * 1e6)} µs`;
  if (size < 1) return `${sign}${trim(size * 1e3)} ms`;
  if (size < 120) return `${sign}${trim(size)} s`;
  if (size < 7200) return `${sign}${trim(size / 60)} min`;
  return `${sign}${trim(size / 3600)} h`;
}

/** A duration that telemetry measured in nanoseconds. */
export function formatNanoseconds(nanoseconds: number): string {
  return formatSeconds(nanoseconds / 1e9);
}

function trim(size: number): string {
  return String(Number(size.toPrecision(3)));
}
