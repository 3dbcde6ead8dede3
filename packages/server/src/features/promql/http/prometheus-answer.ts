import { isBelayError } from '@belay/core';
import type { BelayError } from '@belay/core';
import type { FastifyReply } from 'fastify';

/** What Prometheus calls an error, with its status. */
interface ErrorType {
  readonly errorType: string;
  readonly status: number;
}

export function sendData(reply: FastifyReply, data: unknown, warnings: readonly string[] = []): FastifyReply {
  const infos = warnings.filter((text) => text.startsWith('PromQL info'));
  const serious = warnings.filter((text) => !text.startsWith('PromQL info'));
  return reply.header('cache-control', 'no-store').send({
    status: 'success',
    data,
    ...(serious.length > 0 ? { warnings: serious } : {}),
    ...(infos.length > 0 ? { infos } : {}),
  });
}

/** A failure in Prometheus' envelope; what is not an expected failure is rethrown for the server's own answer. */
export function sendFailure(error: unknown, reply: FastifyReply): FastifyReply {
  const known = isBelayError(error) ? error : undefined;
  const type = known === undefined ? typeOfOther(error) : typeOf(known);
  if (type === undefined) throw error;
  if (known?.retryAfterSeconds !== undefined) reply.header('retry-after', String(known.retryAfterSeconds));
  if (type.status === 401) reply.header('www-authenticate', 'Basic realm="belay", Bearer realm="belay"');
  const message = error instanceof Error ? error.message : String(error);
  return reply
    .code(type.status)
    .header('cache-control', 'no-store')
    .send({
      status: 'error',
      errorType: type.errorType,
      error: known?.hint === undefined ? message : `${message} (${known.hint})`,
      ...(known === undefined ? {} : { code: known.code }),
    });
}

function typeOf(error: BelayError): ErrorType | undefined {
  switch (error.code) {
    case 'promql.invalid':
    case 'request.invalid':
    case 'request.malformed':
    case 'request.unsupported-media-type':
      return { errorType: 'bad_data', status: 400 };
    case 'promql.failed':
    case 'promql.too-wide':
    case 'telemetry.too-wide':
      return { errorType: 'execution', status: 422 };
    case 'promql.timeout':
      return { errorType: 'timeout', status: 503 };
    case 'server.failed':
      return undefined;
    default:
      if (error.status >= 500) return { errorType: 'unavailable', status: 503 };
      return { errorType: error.status === 404 ? 'not_found' : 'bad_data', status: error.status };
  }
}

function typeOfOther(error: unknown): ErrorType | undefined {
  if (error instanceof Error && error.name === 'AbortError') return { errorType: 'canceled', status: 499 };
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  return status >= 400 && status < 500 ? { errorType: 'bad_data', status } : undefined;
}
