import { openLogs, type Logs } from '@belay/node/log';
import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { FastifyInstance } from 'fastify';
import { unwatched, type Watch } from './watch.ts';

/** Where spans and records go. */
export interface WatchSettings {
  readonly service: string;
  readonly instance: string;
  /** Folder of the log files. */
  readonly logs: string;
}

/**
 * Traces by OpenTelemetry's own SDK, sent to where `OTEL_EXPORTER_OTLP_ENDPOINT` says, and a log file that is also sent
 * to Belay. Without that variable nobody watches.
 */
export async function openWatch(
  { service, instance, logs: directory }: WatchSettings,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Watch> {
  if (environment['OTEL_EXPORTER_OTLP_ENDPOINT'] === undefined) return unwatched;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.instance.id': instance,
      'service.version': '2.0.0',
    }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  const logs = await openLogs({ directory, systems: ['checkout'], service });
  const tracer = provider.getTracer('shop');
  const current = (): Span | undefined => trace.getSpan(context.active());
  return {
    requests: (app) => traceRequests(app, (name) => tracer.startSpan(name, { kind: SpanKind.SERVER })),
    part(name, attributes, work) {
      const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes });
      return endWith(span, () => context.with(trace.setSpan(context.active(), span), work));
    },
    evaluated: (flag, variant, key) =>
      void current()?.addEvent('feature_flag.evaluation', {
        'feature_flag.key': flag,
        'feature_flag.result.variant': variant,
        'feature_flag.result.reason': 'split',
        'feature_flag.context.id': key,
      }),
    failed: (error) => current()?.recordException(error),
    log: (level, facts, message) => logs.system('checkout')[level](facts, message),
    close: () => closeAll(provider, logs),
  };
}

async function closeAll(provider: TracerProvider, logs: Logs): Promise<void> {
  await logs.close();
  await provider.shutdown();
}

/** Ends the span when the work has: at once, or when its promise settles. */
function endWith<Result>(span: Span, work: () => Result): Result {
  const fail = (error: unknown): never => {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
    span.end();
    throw error;
  };
  let result: Result;
  try {
    result = work();
  } catch (error) {
    return fail(error);
  }
  if (!(result instanceof Promise)) {
    span.end();
    return result;
  }
  return result.then((value: unknown) => {
    span.end();
    return value;
  }, fail) as Result;
}

function traceRequests(app: FastifyInstance, start: (name: string) => Span): void {
  app.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const span = start(`${request.method} ${route}`);
    span.setAttributes({ 'http.request.method': request.method, 'http.route': route, 'url.path': request.url });
    reply.raw.once('close', () => {
      span.setAttribute('http.response.status_code', reply.statusCode);
      if (reply.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
    context.with(trace.setSpan(context.active(), span), done);
  });
}
