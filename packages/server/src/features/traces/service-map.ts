import type { ServiceMap } from '@belay/protocol';
import type { TimeRange } from '../../platform/http/time-range.ts';
import { createSqlParameters, type SqlParameters, type TelemetryReader, timeBounds } from '../telemetry/api.ts';
import { DB_SYSTEM, millisecondsOf, NO_PARENT } from './span-columns.ts';
import { traceSampling } from './trace-sampling.ts';

interface FlowRow {
  readonly n: number;
  readonly errors: number;
  readonly p95: number | null;
}
interface ServiceRow extends FlowRow {
  readonly service: string;
}
interface EdgeRow extends FlowRow {
  readonly source: string;
  readonly target: string;
}
interface PeerRow extends FlowRow {
  readonly service: string;
  readonly what: 'database' | 'queue' | 'external';
  readonly system: string;
  readonly peer: string;
  readonly is_received: number;
}

type Node = ServiceMap['nodes'][number];
type Edge = ServiceMap['edges'][number];
type Flow = Omit<Edge, 'from' | 'to'>;

/** Spans that are joined with each other. */
const MOST_SPANS = 1_000_000;
const MOST_NODES = 300;
const FIGURES = `sum(weight) AS n, sum(weight * is_error) AS errors,
  quantileBFloat16Weighted(0.95)(duration_ns, toUInt64(round(weight))) AS p95`;
const QUEUE = "attributes['messaging.destination.name']";
const PEER = `multiIf(attributes['peer.service'] != '', attributes['peer.service'],
  attributes['server.address'] != '', attributes['server.address'], attributes['net.peer.name'] != '',
  attributes['net.peer.name'], domain(if(attributes['url.full'] != '', attributes['url.full'], attributes['http.url'])))`;
const DATABASE = "if(attributes['db.namespace'] != '', attributes['db.namespace'], attributes['db.name'])";

/** Services and what they call: other services by parent and child, the rest by what calls say of their peers. */
export async function serviceMap(
  reader: TelemetryReader,
  { range, service }: { readonly range: TimeRange; readonly service: string | undefined },
): Promise<ServiceMap> {
  const every = await traceSampling(reader, range, { condition: 'kind IN (2, 3, 4, 5)', most: MOST_SPANS });
  const [services, calls, peers] = await Promise.all([
    readServices(reader, range),
    readCalls(reader, range, every),
    readPeers(reader, range, every),
  ]);
  const seconds = (range.toMs - range.fromMs) / 1000;
  const nodes = new Map<string, Node>();
  for (const row of services)
    nodes.set(row.service, {
      id: row.service,
      name: row.service,
      kind: 'service',
      system: '',
      ...flowOf(row, 1, seconds),
    });
  const edges: Edge[] = calls.map((row) => ({ from: row.source, to: row.target, ...flowOf(row, every, seconds) }));
  for (const row of peers) {
    const id = `${row.what}:${row.system}/${row.peer}`;
    const flow = flowOf(row, every, seconds);
    const known = nodes.get(id);
    const name = row.peer === '' ? row.system || 'unknown' : row.peer;
    // A message that is sent and received is one message: what comes out of a queue does not count again.
    if (known === undefined) nodes.set(id, { id, name, kind: row.what, system: row.system, ...flow });
    else if (row.is_received === 0) nodes.set(id, { ...known, ...added(known, flow) });
    edges.push(row.is_received === 1 ? { from: id, to: row.service, ...flow } : { from: row.service, to: id, ...flow });
  }
  return bounded([...nodes.values()], edges, { service, every });
}

function readServices(reader: TelemetryReader, range: TimeRange): Promise<ServiceRow[]> {
  const parameters = createSqlParameters();
  return reader.rows<ServiceRow>(
    `SELECT toString(service) AS service, ${FIGURES} FROM spans
     WHERE ${timeBounds(parameters, range)} AND is_unit = 1 GROUP BY service`,
    { name: 'traces.map', parameters: parameters.values },
  );
}

function sampled(parameters: SqlParameters, range: TimeRange, every: number): string {
  return `${timeBounds(parameters, range)} AND cityHash64(trace_id) % ${every} = 0`;
}

/** Spans that serve, joined with the span of another service that called them. */
function readCalls(reader: TelemetryReader, range: TimeRange, every: number): Promise<EdgeRow[]> {
  const parameters = createSqlParameters();
  const bounds = sampled(parameters, range, every);
  return reader.rows<EdgeRow>(
    `SELECT source, target, ${FIGURES} FROM
       (SELECT trace_id, span_id AS call_id, toString(service) AS source FROM spans WHERE ${bounds}) AS caller
       INNER JOIN (SELECT trace_id, parent_id AS call_id, toString(service) AS target, weight, is_error, duration_ns
         FROM spans WHERE ${bounds} AND parent_id != ${NO_PARENT} AND is_unit = 1
           AND NOT (kind = 5 AND ${QUEUE} != '')) AS callee
       USING (trace_id, call_id)
     WHERE source != target GROUP BY source, target`,
    { name: 'traces.map', parameters: parameters.values },
  );
}

/** Calls that no span of another service answers, and messages that go through a queue. */
function readPeers(reader: TelemetryReader, range: TimeRange, every: number): Promise<PeerRow[]> {
  const parameters = createSqlParameters();
  const bounds = sampled(parameters, range, every);
  return reader.rows<PeerRow>(
    `SELECT service, what, system, peer, is_received, ${FIGURES} FROM (
       SELECT toString(service) AS service, weight, is_error, duration_ns, kind = 5 AS is_received,
         ${DB_SYSTEM} AS db, attributes['messaging.system'] AS mq,
         multiIf(db != '', 'database', mq != '' OR kind IN (4, 5), 'queue', 'external') AS what,
         multiIf(what = 'database', db, what = 'queue', mq, '') AS system,
         multiIf(what = 'database', if(${DATABASE} != '', ${DATABASE}, ${PEER}), what = 'queue', ${QUEUE}, ${PEER}) AS peer
       FROM spans WHERE ${bounds} AND (kind IN (3, 4) OR (kind = 5 AND ${QUEUE} != ''))
         AND (kind != 3 OR (trace_id, span_id) NOT IN
           (SELECT trace_id, parent_id FROM spans WHERE ${bounds} AND kind = 2 AND parent_id != ${NO_PARENT})))
     GROUP BY service, what, system, peer, is_received ORDER BY n DESC LIMIT 2000`,
    { name: 'traces.map', parameters: parameters.values },
  );
}

function flowOf({ n, errors, p95 }: FlowRow, every: number, seconds: number): Flow {
  const requests = n * every;
  return {
    requests,
    ratePerSecond: requests / seconds,
    errors: errors * every,
    errorRatio: n === 0 ? 0 : Math.min(1, errors / n),
    p95Ms: millisecondsOf(p95 ?? 0),
  };
}

/** Both flows together; of the 95th percentiles the larger one, which the true one cannot exceed. */
function added(a: Flow, b: Flow): Flow {
  const requests = a.requests + b.requests;
  const errors = a.errors + b.errors;
  return {
    requests,
    ratePerSecond: a.ratePerSecond + b.ratePerSecond,
    errors,
    errorRatio: requests === 0 ? 0 : Math.min(1, errors / requests),
    p95Ms: Math.max(a.p95Ms, b.p95Ms),
  };
}

interface Bounds {
  readonly service: string | undefined;
  readonly every: number;
}

/** The neighbourhood of a service, or the busiest part of everything. */
function bounded(nodes: readonly Node[], edges: readonly Edge[], { service, every }: Bounds): ServiceMap {
  const isNear = ({ from, to }: Edge): boolean => service === undefined || from === service || to === service;
  const near = edges.filter(isNear);
  const ids = new Set(
    service === undefined ? nodes.map(({ id }) => id) : [service, ...near.flatMap(({ from, to }) => [from, to])],
  );
  const wanted = nodes.filter(({ id }) => ids.has(id)).toSorted((a, b) => b.requests - a.requests);
  const shown = wanted.slice(0, MOST_NODES);
  const known = new Set(shown.map(({ id }) => id));
  // A caller of whom only calls are known, and no request served, is a node all the same.
  for (const { from } of near) {
    if (known.has(from) || nodes.some(({ id }) => id === from) || shown.length >= MOST_NODES) continue;
    known.add(from);
    shown.push({
      id: from,
      name: from,
      kind: 'service',
      system: '',
      requests: 0,
      ratePerSecond: 0,
      errors: 0,
      errorRatio: 0,
      p95Ms: 0,
    });
  }
  const kept = near.filter(({ from, to }) => known.has(from) && known.has(to));
  return {
    nodes: shown,
    edges: kept,
    sampled: 1 / every,
    rest: wanted.length + near.length - Math.min(wanted.length, MOST_NODES) - kept.length,
  };
}
