import type { SeriesKind } from './series.ts';

/** What a metric's Prometheus name is made of. */
export interface MetricIdentity {
  readonly name: string;
  readonly unit: string;
  readonly kind: SeriesKind;
  readonly monotonic: boolean;
}

/** Words of UCUM units, as in OpenTelemetry's "Prometheus and OpenMetrics Compatibility". */
const UNITS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    d: 'days',
    h: 'hours',
    min: 'minutes',
    s: 'seconds',
    ms: 'milliseconds',
    us: 'microseconds',
    ns: 'nanoseconds',
    By: 'bytes',
    KiBy: 'kibibytes',
    MiBy: 'mebibytes',
    GiBy: 'gibibytes',
    TiBy: 'tibibytes',
    KBy: 'kilobytes',
    MBy: 'megabytes',
    GBy: 'gigabytes',
    TBy: 'terabytes',
    m: 'meters',
    V: 'volts',
    A: 'amperes',
    J: 'joules',
    W: 'watts',
    g: 'grams',
    Cel: 'celsius',
    Hz: 'hertz',
    '1': '',
    '%': 'percent',
  }),
);

const PER_UNITS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    s: 'second',
    m: 'minute',
    min: 'minute',
    h: 'hour',
    d: 'day',
    w: 'week',
    mo: 'month',
    y: 'year',
  }),
);

/**
 * The name that Prometheus knows an OpenTelemetry metric by: letters it does not allow become `_`, the unit is spelled
 * out at the end, counters end in `_total`, and gauges of unit `1` in `_ratio`. Source: OpenTelemetry specification,
 * "Prometheus and OpenMetrics Compatibility", and github.com/prometheus/otlptranslator, which Prometheus itself uses.
 */
export function prometheusNameOf({ name, unit, kind, monotonic }: MetricIdentity): string {
  let tokens = name.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== '');
  const [main, per] = unitWords(unit);
  // A unit that the name holds already is not said twice.
  if (main !== '' && !tokens.includes(main)) tokens.push(main);
  if (per !== '' && !tokens.some((token, i) => token === 'per' && tokens[i + 1] === per)) tokens.push('per', per);
  if (kind === 'sum' && monotonic) tokens = [...tokens.filter((token) => token !== 'total'), 'total'];
  if (unit === '1' && kind === 'gauge') tokens = [...tokens.filter((token) => token !== 'ratio'), 'ratio'];
  const joined = tokens.join('_');
  return /^\d/.test(joined) ? `_${joined}` : joined;
}

/**
 * The label that Prometheus knows an attribute by: letters it does not allow become `_`; what would start with a digit
 * gets `key_` in front, and a single leading `_` becomes `key_`.
 */
export function prometheusLabelOf(key: string): string {
  const label = key.replaceAll(/[^a-zA-Z0-9_]/gu, '_');
  if (/^\d/.test(label)) return `key_${label}`;
  return label.startsWith('_') && !label.startsWith('__') ? `key${label}` : label;
}

/** `By/s` is `bytes` per `second`; annotations in braces are not units. */
function unitWords(unit: string): [main: string, per: string] {
  const [main = '', per = ''] = unit.split('/', 2);
  return [unitWord(main, UNITS), unitWord(per, PER_UNITS)];
}

function unitWord(unit: string, words: ReadonlyMap<string, string>): string {
  const bare = unit.trim();
  if (/[{}]/.test(bare)) return '';
  const word = words.get(bare) ?? bare;
  return word.replaceAll(/[^a-zA-Z0-9:]+/g, '_').replaceAll(/^_+|_+$/g, '');
}
