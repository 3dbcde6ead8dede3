import { BelayError, errorCatalogue, isBelayError } from '@belay/core';
import type { Problem } from '@belay/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Relative to this server, which serves the page that it was built with. */
const DOCUMENTATION = '/docs/reference/errors.md';

/** Answers with problem details (RFC 9457). */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: BelayError): FastifyReply {
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(error.retryAfterSeconds));
  if (error.status === 401) reply.header('www-authenticate', 'Bearer realm="belay"');
  return reply
    .code(error.status)
    .header('content-type', 'application/problem+json')
    .header('cache-control', 'no-store')
    .send(JSON.stringify(problemOf(error, request)));
}

/** The problem document of an error. */
export function problemOf(error: BelayError, request: { readonly url: string; readonly id: string }): Problem {
  const { status, title } = errorCatalogue[error.code];
  return {
    type: `${DOCUMENTATION}#${error.code.replaceAll('.', '')}`,
    title,
    status,
    detail: error.message,
    // Without the query, which may hold what should not be repeated.
    instance: request.url.split('?', 1)[0] ?? request.url,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    requestId: request.id,
    ...(error.issues.length === 0 ? {} : { issues: error.issues.map((issue) => ({ ...issue })) }),
  };
}

/** Puts anything a handler can throw into Belay's errors; what is nobody's expected failure becomes `server.failed`. */
export function belayErrorOf(error: unknown, bodyLimit: number): BelayError {
  if (isBelayError(error)) return error;
  const { code, statusCode, message } = factsOf(error);
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') {
    return new BelayError('storage.full', 'The disk is full: nothing can be written. What was stored before is safe.', {
      hint: 'Free space on the volume of the data folder; Belay goes on by itself.',
      retryAfterSeconds: 10,
      cause: error,
    });
  }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new BelayError('request.too-large', `The body is larger than ${bodyLimit} bytes.`, {
      hint: 'Send less at once.',
      cause: error,
    });
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new BelayError('request.unsupported-media-type', message, {
      hint: 'Send "Content-Type: application/json".',
      cause: error,
    });
  }
  if (statusCode >= 400 && statusCode < 500) return new BelayError('request.malformed', message, { cause: error });
  return new BelayError(
    'server.failed',
    'Belay failed to answer this. The log names the reason under the request id.',
    {
      hint: 'Try again; if it stays, report it with the request id.',
      cause: error,
    },
  );
}

function factsOf(error: unknown): { code: string; statusCode: number; message: string } {
  if (!(error instanceof Error)) return { code: '', statusCode: 0, message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const statusCode = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 0;
  return { code, statusCode, message: error.message };
}
