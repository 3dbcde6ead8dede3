import { prometheusSeriesOf } from '../metrics/prometheus-series.ts';
import type { FamilyFacts, SeriesFacts, SeriesRef } from '../metrics/series.ts';
import { malformed, readDouble, readFields, readMessage, readVarint, skipBytes } from '../otlp/protobuf-cursor.ts';
import { familyKindOf } from './decode-write-v1.ts';
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
const LABEL_REFS = 0x0a;
const SAMPLES = 0x12;
const HISTOGRAMS = 0x1a;
const EXEMPLARS = 0x22;
const METADATA = 0x2a;
/** Within which the symbol numbers of remote write 2.0 name a series. */
const SCOPE = 0;
const EMPTY = { kind: 'unknown', unit: '', description: '' } as const;

/** Texts of a request, by their place in its table. */
interface Symbols {
  /** Where the length in front of the text stands. */
  readonly heads: number[];
  readonly starts: number[];
  readonly ends: number[];
  /** Numbers that stay the same from request to request; 0 while not looked up. */
  readonly ids: number[];
}

/** Reads an `io.prometheus.write.v2.Request`. */
export function readWriteV2(reading: WriteReading): void {
  const { cursor } = reading.context;
  const symbols = readSymbols(reading);
  const series = createSeriesReader(reading, symbols);
  cursor.at = 0;
  readFields(cursor, 'the write request', (number, wire) => {
    if (number !== 5 || wire !== 2) return false;
    series();
    return true;
  });
}

/** Protobuf lets the table stand after the series that need it, so it is read first. */
function readSymbols({ context }: WriteReading): Symbols {
  const { cursor, budget } = context;
  const symbols: Symbols = { heads: [], starts: [], ends: [], ids: [] };
  readFields(cursor, 'the write request', (number, wire) => {
    if (number !== 4 || wire !== 2) return false;
    budget.takeNode();
    symbols.heads.push(cursor.at);
    const length = readVarint(cursor, 'symbols');
    const start = skipBytes(cursor, length, 'symbols');
    symbols.starts.push(start);
    symbols.ends.push(start + length);
    symbols.ids.push(0);
    return true;
  });
  return symbols;
}

function createSeriesReader(reading: WriteReading, symbols: Symbols): () => void {
  const { context, sink, index, serviceLabels } = reading;
  const { cursor, budget } = context;
  const refs: number[] = [];
  let scratch = new Uint8Array(256);
  const key = { bytes: scratch, view: new DataView(scratch.buffer), start: 0, end: 0 };
  const place = { scope: SCOPE, key };
  const idOf = createSymbolIds(reading, symbols);
  let metadata: Omit<FamilyFacts, 'family'> = EMPTY;
  let isNative = false;
  let problem = '';
  const facts = (): SeriesFacts | undefined => {
    const labels = refs.map((ref) => textOf(reading, symbols, ref));
    metadata = metadataOf(reading, symbols);
    const told = prometheusSeriesOf(labels, { serviceLabels, isNative, family: { family: '', ...metadata } });
    if ('facts' in told) return told.facts;
    problem = told.problem;
    return undefined;
  };
  return () => {
    budget.takeNode();
    const outer = openMessage(cursor, FIELD);
    const start = cursor.at;
    const rest = readRefs(reading, refs, symbols.starts.length);
    if (4 * refs.length > scratch.length) {
      scratch = new Uint8Array(8 * refs.length);
      key.bytes = scratch;
      key.view = new DataView(scratch.buffer);
    }
    for (let i = 0; i < refs.length; i += 1) key.view.setUint32(4 * i, idOf(refs[i] ?? 0), true);
    key.end = 4 * refs.length;
    isNative = cursor.bytes[rest] === HISTOGRAMS;
    problem = '';
    cursor.at = start;
    const found = index.find(place, sink, facts);
    cursor.at = rest;
    readPoints(reading, symbols, { series: found, problem });
    cursor.end = outer;
  };
}

function createSymbolIds({ context, index }: WriteReading, { starts, ends, ids }: Symbols): (ref: number) => number {
  const { bytes, view } = context.cursor;
  const key = { bytes, view, start: 0, end: 0 };
  return (ref) => {
    const known = ids[ref] ?? 0;
    if (known !== 0) return known;
    key.start = starts[ref] ?? 0;
    key.end = ends[ref] ?? 0;
    const id = index.symbolOf(key);
    ids[ref] = id;
    return id;
  };
}

/** Reads the label references; returns where the first other field is. */
function readRefs({ context }: WriteReading, refs: number[], symbols: number): number {
  const { cursor, budget } = context;
  refs.length = 0;
  let rest = -1;
  const take = (): void => {
    const ref = readVarint(cursor, `${FIELD}.labels_refs`);
    if (ref >= symbols) {
      throw malformed(cursor, `${FIELD}.labels_refs`, `${ref} is beyond the table of ${symbols} symbols`);
    }
    refs.push(ref);
  };
  while (cursor.at < cursor.end) {
    const start = cursor.at;
    const tag = cursor.bytes[start] ?? 0;
    cursor.at += 1;
    if (tag === LABEL_REFS) {
      const outer = openMessage(cursor, `${FIELD}.labels_refs`);
      while (cursor.at < cursor.end) take();
      cursor.end = outer;
    } else if (tag === 0x08) take();
    else {
      if (rest < 0) rest = start;
      skipOther(cursor, FIELD);
    }
    if (refs.length > 2 * budget.limits.attributes) {
      throw malformed(cursor, FIELD, `a series has more than ${budget.limits.attributes} labels`);
    }
  }
  if (refs.length % 2 !== 0) {
    throw malformed(cursor, `${FIELD}.labels_refs`, `${refs.length} references are not pairs of name and value`);
  }
  return rest < 0 ? cursor.end : rest;
}

interface PointsOf {
  readonly series: SeriesRef | undefined;
  readonly problem: string;
}

function readPoints(reading: WriteReading, symbols: Symbols, { series, problem }: PointsOf): void {
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
    else if (tag === EXEMPLARS) readExemplar(reading, symbols, series);
    else skipOther(cursor, FIELD);
  }
}

function readExemplar(reading: WriteReading, symbols: Symbols, series: SeriesRef): void {
  const { context, sink } = reading;
  const { cursor, budget } = context;
  budget.takeNode();
  const labels: string[] = [];
  let value = 0;
  let timeMs = 0;
  const take = (): void => {
    const ref = readVarint(cursor, `${FIELD}.exemplars.labels_refs`);
    if (labels.length < 2 * budget.limits.attributes) labels.push(textOf(reading, symbols, ref));
  };
  readMessage(cursor, `${FIELD}.exemplars`, (number, wire) => {
    if (number === 1 && wire === 2) {
      const outer = openMessage(cursor, `${FIELD}.exemplars.labels_refs`);
      while (cursor.at < cursor.end) take();
      cursor.end = outer;
    } else if (number === 1 && wire === 0) take();
    else if (number === 2 && wire === 1) value = readDouble(cursor, `${FIELD}.exemplars.value`);
    else if (number === 3 && wire === 0) timeMs = readTimestamp(cursor);
    else return false;
    return true;
  });
  addExemplar(sink, series, { labels, value, timeMs });
}

/** Metadata of the series at the cursor, which is moved. */
function metadataOf(reading: WriteReading, symbols: Symbols): Omit<FamilyFacts, 'family'> {
  const { cursor } = reading.context;
  let found: Omit<FamilyFacts, 'family'> = EMPTY;
  while (cursor.at < cursor.end) {
    const tag = cursor.bytes[cursor.at] ?? 0;
    cursor.at += 1;
    if (tag === METADATA) found = readMetadata(reading, symbols);
    else skipOther(cursor, FIELD);
  }
  return found;
}

function readMetadata(reading: WriteReading, symbols: Symbols): Omit<FamilyFacts, 'family'> {
  const { cursor } = reading.context;
  let kind: FamilyFacts['kind'] = 'unknown';
  let description = '';
  let unit = '';
  readMessage(cursor, `${FIELD}.metadata`, (number, wire) => {
    if (wire !== 0) return false;
    if (number === 1) kind = familyKindOf(readVarint(cursor, `${FIELD}.metadata.type`));
    else if (number === 3) description = textOf(reading, symbols, readVarint(cursor, `${FIELD}.metadata.help_ref`));
    else if (number === 4) unit = textOf(reading, symbols, readVarint(cursor, `${FIELD}.metadata.unit_ref`));
    else return false;
    return true;
  });
  return { kind, description, unit };
}

/** The text of a symbol. */
function textOf({ context }: WriteReading, { heads, ends }: Symbols, ref: number): string {
  const { cursor, text } = context;
  const head = heads[ref];
  const symbolEnd = ends[ref];
  if (head === undefined || symbolEnd === undefined) {
    throw malformed(cursor, 'symbols', `the reference ${ref} is beyond the table of ${heads.length} symbols`);
  }
  const { at, end } = cursor;
  cursor.at = head;
  cursor.end = symbolEnd;
  const value = text(cursor, 'symbols');
  cursor.at = at;
  cursor.end = end;
  return value;
}
