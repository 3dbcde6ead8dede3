import type { SeriesFacts, SeriesRef } from '../metrics/series.ts';
import type { FamilyFacts } from '../metrics/series.ts';
import { prometheusSeriesOf } from '../metrics/prometheus-series.ts';
import { readDouble, readFields, readMessage, readVarint, skipBytes } from '../otlp/protobuf-cursor.ts';
import {
  addExemplar,
  openMessage,
  readHistogram,
  readSample,
  readTimestamp,
  skipOther,
  TOO_MANY_SERIES,
  type WriteReading,
} from './write-reading.ts';

const FIELD = 'timeseries';
const LABELS = 0x0a;
const SAMPLES = 0x12;
const EXEMPLARS = 0x1a;
const HISTOGRAMS = 0x22;
/** Within which the label bytes of remote write 1.0 name a series; other contexts have numbers above. */
const SCOPE = 1;

/** Reads a `prometheus.WriteRequest`. */
export function readWriteV1(reading: WriteReading): void {
  const { context, index } = reading;
  const { cursor } = context;
  const families: FamilyFacts[] = [];
  const series = createSeriesReader(reading);
  readFields(cursor, 'the write request', (number, wire) => {
    if (number === 1 && wire === 2) series();
    else if (number === 3 && wire === 2) families.push(readMetadata(reading));
    else return false;
    return true;
  });
  if (families.length > 0) index.registry.describe(families.filter(({ family }) => family !== ''));
}

function createSeriesReader(reading: WriteReading): () => void {
  const { context, sink, index, serviceLabels } = reading;
  const { cursor, budget } = context;
  const key = { bytes: cursor.bytes, view: cursor.view, start: 0, end: 0 };
  const place = { scope: SCOPE, key };
  const stretches: number[] = [];
  let isNative = false;
  let problem = '';
  const facts = (): SeriesFacts | undefined => {
    const labels = labelsOf(reading, stretches);
    const told = prometheusSeriesOf(labels, { serviceLabels, isNative });
    if ('facts' in told) return told.facts;
    problem = told.problem;
    return undefined;
  };
  return () => {
    budget.takeNode();
    const outer = openMessage(cursor, FIELD);
    const rest = findLabels(reading, stretches);
    isNative = cursor.bytes[rest] === HISTOGRAMS;
    problem = '';
    useKey(reading, stretches, key);
    const found = index.find(place, sink, facts);
    cursor.at = rest;
    readPoints(reading, found, problem);
    cursor.end = outer;
  };
}

/** Finds the stretches of label fields, nearly always one at the start; returns where the first other field is. */
function findLabels({ context }: WriteReading, stretches: number[]): number {
  const { cursor } = context;
  const { bytes } = cursor;
  stretches.length = 0;
  let rest = -1;
  while (cursor.at < cursor.end) {
    const start = cursor.at;
    const tag = bytes[start] ?? 0;
    cursor.at += 1;
    if (tag === LABELS) {
      skipBytes(cursor, readVarint(cursor, FIELD), FIELD);
      if (stretches.length > 0 && stretches[stretches.length - 1] === start)
        stretches[stretches.length - 1] = cursor.at;
      else stretches.push(start, cursor.at);
    } else {
      if (rest < 0) rest = start;
      skipOther(cursor, FIELD);
    }
  }
  return rest < 0 ? cursor.end : rest;
}

function useKey(
  { context }: WriteReading,
  stretches: readonly number[],
  key: { bytes: Uint8Array; view: DataView; start: number; end: number },
): void {
  const { cursor } = context;
  key.bytes = cursor.bytes;
  key.view = cursor.view;
  key.start = stretches[0] ?? 0;
  key.end = stretches[1] ?? 0;
  if (stretches.length <= 2) return;
  const parts: number[] = [];
  for (let i = 0; i < stretches.length; i += 2) parts.push(...cursor.bytes.subarray(stretches[i], stretches[i + 1]));
  key.bytes = Uint8Array.from(parts);
  key.view = new DataView(key.bytes.buffer);
  key.start = 0;
  key.end = key.bytes.length;
}

/** Reads the points of a series; of one that is refused they are counted. */
function readPoints(reading: WriteReading, series: SeriesRef | undefined, problem: string): void {
  const { context, sink } = reading;
  const { cursor, budget } = context;
  while (cursor.at < cursor.end) {
    const tag = cursor.bytes[cursor.at] ?? 0;
    cursor.at += 1;
    if (series === undefined && (tag === SAMPLES || tag === HISTOGRAMS)) {
      budget.takeItem();
      sink.refuse(problem === '' ? 'series' : 'invalid', problem === '' ? TOO_MANY_SERIES : problem);
      skipOther(cursor, FIELD);
    } else if (series === undefined) skipOther(cursor, FIELD);
    else if (tag === SAMPLES) readSample(reading, series);
    else if (tag === HISTOGRAMS) readHistogram(reading, series);
    else if (tag === EXEMPLARS) readExemplar(reading, series);
    else skipOther(cursor, FIELD);
  }
}

function readExemplar(reading: WriteReading, series: SeriesRef): void {
  const { context, sink } = reading;
  const { cursor, budget } = context;
  budget.takeNode();
  const labels: string[] = [];
  let value = 0;
  let timeMs = 0;
  readMessage(cursor, `${FIELD}.exemplars`, (number, wire) => {
    if (number === 1 && wire === 2) readLabel(reading, labels);
    else if (number === 2 && wire === 1) value = readDouble(cursor, `${FIELD}.exemplars.value`);
    else if (number === 3 && wire === 0) timeMs = readTimestamp(cursor);
    else return false;
    return true;
  });
  addExemplar(sink, series, { labels, value, timeMs });
}

function labelsOf(reading: WriteReading, stretches: readonly number[]): string[] {
  const { cursor } = reading.context;
  const { at, end } = cursor;
  const labels: string[] = [];
  for (let i = 0; i < stretches.length; i += 2) {
    cursor.at = stretches[i] ?? 0;
    cursor.end = stretches[i + 1] ?? 0;
    while (cursor.at < cursor.end) {
      cursor.at += 1;
      readLabel(reading, labels);
    }
  }
  cursor.at = at;
  cursor.end = end;
  return labels;
}

/** Reads a Label that follows: 1 name, 2 value. */
function readLabel({ context }: WriteReading, labels: string[]): void {
  const { cursor, budget, text } = context;
  budget.takeNode();
  let name = '';
  let value = '';
  readMessage(cursor, `${FIELD}.labels`, (number, wire) => {
    if (number === 1 && wire === 2) name = text(cursor, `${FIELD}.labels.name`);
    else if (number === 2 && wire === 2) value = text(cursor, `${FIELD}.labels.value`);
    else return false;
    return true;
  });
  if (labels.length < 2 * budget.limits.attributes) labels.push(name, value);
  else budget.warn(`${FIELD}.labels beyond the first ${budget.limits.attributes} of a series were cut`);
}

const FAMILY_KINDS: readonly FamilyFacts['kind'][] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'histogram',
  'summary',
  'gauge',
  'gauge',
];

/** The kind of a family by Prometheus' number for it; both versions have the same. */
export function familyKindOf(type: number): FamilyFacts['kind'] {
  return FAMILY_KINDS[type] ?? 'unknown';
}

function readMetadata({ context }: WriteReading): FamilyFacts {
  const { cursor, budget, text } = context;
  budget.takeNode();
  let kind: FamilyFacts['kind'] = 'unknown';
  let family = '';
  let description = '';
  let unit = '';
  readMessage(cursor, 'metadata', (number, wire) => {
    if (number === 1 && wire === 0) kind = familyKindOf(readVarint(cursor, 'metadata.type'));
    else if (number === 2 && wire === 2) family = text(cursor, 'metadata.metric_family_name');
    else if (number === 4 && wire === 2) description = text(cursor, 'metadata.help');
    else if (number === 5 && wire === 2) unit = text(cursor, 'metadata.unit');
    else return false;
    return true;
  });
  return { family, kind, description, unit };
}
