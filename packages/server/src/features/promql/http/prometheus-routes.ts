import { BelayError } from '@belay/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TelemetryReader } from '../../telemetry/api.ts';
import type { Expression } from '../parse/ast.ts';
import { typeOf } from '../parse/check-types.ts';
import type { LabelMatcher } from '../parse/label-matcher.ts';
import { parseQuery } from '../parse/parse-query.ts';
import { printQuery } from '../parse/print-query.ts';
import { selectorsIn } from '../parse/selectors-in.ts';
import type { PromqlLimits, PromqlService } from '../promql-service.ts';
import type { SeriesFinder } from '../storage/find-series.ts';
import { readExemplars } from '../storage/read-exemplars.ts';
import type { MetricFacts, SeriesMetadata } from '../storage/series-metadata.ts';
import { signalOf } from './gone-client.ts';
import { sendData, sendFailure } from './prometheus-answer.ts';
import { instantGrid, limitOf, rangeGrid, timeoutOf, windowOf } from './prometheus-parameters.ts';
import type { Parameters } from './prometheus-parameters.ts';
import { metricOf, numberText, promData } from './prometheus-values.ts';

export interface PrometheusRoutesOptions {
  readonly service: PromqlService;
  readonly metadata: SeriesMetadata;
  readonly reader: TelemetryReader;
  readonly finder: SeriesFinder;
  readonly clock: { now(): number };
  readonly limits: PromqlLimits;
  /** Version of Belay. */
  readonly version: string;
}

interface Asked {
  readonly parameters: Parameters;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

const BASE = '/prometheus/api/v1';
/** How far back metadata looks when no start is given. */
const LOOK_BACK_MS = 24 * 3_600_000;
/** Metrics in an answer without a limit. */
const METRICS = 10_000;

/** Prometheus' HTTP API, as much of it as Grafana's data source uses; failures come in Prometheus' envelope. */
export function prometheusRoutes(app: FastifyInstance, options: PrometheusRoutesOptions): void {
  app.setErrorHandler((error, _request, reply) => sendFailure(error, reply));
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: unknown, body: string) => body,
  );
  const both = (path: string, answer: (asked: Asked) => Promise<FastifyReply>): void => {
    app.route({
      method: ['GET', 'POST'],
      url: `${BASE}/${path}`,
      exposeHeadRoute: false,
      config: { scope: 'read' },
      handler: (request, reply) => answer({ parameters: parametersOf(request), request, reply }),
    });
  };
  both('query', (asked) => answerQuery(options, asked, false));
  both('query_range', (asked) => answerQuery(options, asked, true));
  both('labels', (asked) => answerLabels(options, asked));
  both('label/:name/values', (asked) => answerValues(options, asked));
  both('series', (asked) => answerSeries(options, asked));
  both('metadata', (asked) => answerMetadata(options, asked));
  both('query_exemplars', (asked) => answerExemplars(options, asked));
  both('format_query', async ({ parameters, reply }) => sendData(reply, printQuery(parseQuery(queryOf(parameters)))));
  both('status/buildinfo', async ({ reply }) => sendData(reply, buildInfo(options.version)));
  // Belay's own alarms are no Prometheus rules; clients that look for some find none.
  both('rules', async ({ reply }) => sendData(reply, { groups: [] }));
  both('alerts', async ({ reply }) => sendData(reply, { alerts: [] }));
  both('*', async ({ request }) => {
    const path = request.url.split('?', 1)[0] ?? '';
    throw new BelayError('route.not-found', `Belay does not answer ${path.slice(0, 200)}.`, {
      hint: 'docs/reference/promql.md lists what it answers.',
    });
  });
}

async function answerQuery(options: PrometheusRoutesOptions, asked: Asked, isRange: boolean): Promise<FastifyReply> {
  const { parameters, reply } = asked;
  const query = queryOf(parameters);
  const grid = isRange ? rangeGrid(parameters) : instantGrid(parameters, options.clock.now());
  if (isRange) requireRangeType(parseQuery(query));
  const timeoutMs = timeoutOf(parameters, options.limits);
  const { result, warnings } = await options.service.query({ query, grid, timeoutMs, signal: signalOf(reply) });
  const limit = limitOf(parameters);
  if (limit === undefined || !('series' in result) || result.series.length <= limit) {
    return sendData(reply, promData(result, grid, isRange), warnings);
  }
  // Both kinds of series stay what they are.
  const cut = { ...result, series: result.series.slice(0, limit) } as typeof result;
  return sendData(reply, promData(cut, grid, isRange), [...warnings, 'results truncated due to limit']);
}

function requireRangeType(expression: Expression): void {
  const type = typeOf(expression);
  if (type !== 'matrix' && type !== 'string') return;
  const name = type === 'matrix' ? 'range vector' : type;
  const message = `invalid expression type "${name}" for range query, must be Scalar or instant Vector`;
  throw new BelayError('promql.invalid', message, { hint: 'Put a function such as rate() around the range.' });
}

async function answerLabels(
  { metadata, clock }: PrometheusRoutesOptions,
  { parameters, reply }: Asked,
): Promise<FastifyReply> {
  const question = { selectors: selectorsOf(parameters), ...windowOf(parameters, clock.now(), LOOK_BACK_MS) };
  return sendLimited(reply, await metadata.labelNames(question), parameters);
}

async function answerValues(
  { metadata, clock }: PrometheusRoutesOptions,
  { parameters, request, reply }: Asked,
): Promise<FastifyReply> {
  const { name = '' } = request.params as { readonly name?: string };
  const question = { selectors: selectorsOf(parameters), ...windowOf(parameters, clock.now(), LOOK_BACK_MS) };
  return sendLimited(reply, await metadata.labelValues(unescapedName(name), question), parameters);
}

/** Names beyond the classic alphabet come as `U__http_2e_route` in addresses. */
function unescapedName(name: string): string {
  if (!name.startsWith('U__')) return name;
  return name
    .slice(3)
    .replaceAll(/_(?:_|([0-9a-fA-F]{1,6})_)/g, (_whole, code?: string) =>
      code === undefined ? '_' : String.fromCodePoint(Math.min(parseInt(code, 16), 0x10ffff)),
    );
}

async function answerSeries(
  { metadata, clock }: PrometheusRoutesOptions,
  { parameters, reply }: Asked,
): Promise<FastifyReply> {
  const selectors = selectorsOf(parameters);
  if (selectors.length === 0) throw new BelayError('promql.invalid', 'no match[] parameter provided');
  const found = await metadata.series({ selectors, ...windowOf(parameters, clock.now(), LOOK_BACK_MS) });
  return sendLimited(reply, found.map(metricOf), parameters);
}

async function answerMetadata(
  { metadata }: PrometheusRoutesOptions,
  { parameters, reply }: Asked,
): Promise<FastifyReply> {
  const name = parameters.get('metric');
  const metrics = await metadata.metrics(limitOf(parameters) ?? METRICS);
  const wanted =
    name === null || name === '' ? metrics : metrics.filter(({ prom, metric }) => prom === name || metric === name);
  return sendData(reply, Object.fromEntries(wanted.map((facts) => [facts.prom, [metadataOf(facts)]])));
}

function metadataOf({ kind, monotonic, unit, description }: MetricFacts): object {
  const sum = monotonic === 1 ? 'counter' : 'gauge';
  const type = kind === 'sum' ? sum : kind === 'exponential' ? 'histogram' : kind;
  return { type, help: description, unit };
}

async function answerExemplars(
  { reader, finder, clock, limits }: PrometheusRoutesOptions,
  { parameters, reply }: Asked,
): Promise<FastifyReply> {
  const selectors = selectorsIn(parseQuery(queryOf(parameters))).map(({ matchers }) => matchers);
  const window = windowOf(parameters, clock.now(), LOOK_BACK_MS);
  const found = await readExemplars(reader, { selectors, ...window, maxSeries: limits.series, finder });
  return sendData(
    reply,
    found.map(({ labels, exemplars }) => ({
      seriesLabels: metricOf(labels),
      exemplars: exemplars.map((one) => ({
        labels: one.labels,
        value: numberText(one.value),
        timestamp: one.timeMs / 1000,
      })),
    })),
  );
}

function sendLimited(reply: FastifyReply, items: readonly unknown[], parameters: Parameters): FastifyReply {
  const limit = limitOf(parameters);
  if (limit === undefined || items.length <= limit) return sendData(reply, items);
  return sendData(reply, items.slice(0, limit), ['results truncated due to limit']);
}

function queryOf(parameters: Parameters): string {
  const query = parameters.get('query');
  if (query !== null && query.trim() !== '') return query;
  throw new BelayError('promql.invalid', 'invalid parameter "query": is missing');
}

function selectorsOf(parameters: Parameters): (readonly LabelMatcher[])[] {
  return parameters.getAll('match[]').map((text) => {
    const expression = parseQuery(text);
    if (expression.kind === 'selector' && expression.offset === undefined && expression.at === undefined) {
      return expression.matchers;
    }
    throw new BelayError(
      'promql.invalid',
      `invalid parameter "match[]": ${text.slice(0, 80)} is not a series selector`,
    );
  });
}

/** Parameters of the address, and of the form where one was sent. */
function parametersOf(request: FastifyRequest): Parameters {
  const query = request.url.split('?').slice(1).join('?');
  const all = new URLSearchParams(query);
  if (typeof request.body === 'string')
    for (const [name, value] of new URLSearchParams(request.body)) all.append(name, value);
  return all;
}

/** Clients look here for what they may use: Belay keeps to the rules of Prometheus 3. */
function buildInfo(version: string): object {
  return {
    version: '3.0.0',
    revision: `belay-${version}`,
    branch: '',
    buildUser: '',
    buildDate: '',
    goVersion: '',
    application: 'Belay',
  };
}
