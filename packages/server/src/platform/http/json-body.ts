import { BelayError } from '@belay/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** No document of the API nests deeper than 12; flag rules may nest, and 64 is more than anybody can read. */
const DEPTH_LIMIT = 64;

/** Reads JSON bodies: valid UTF-8, bounded depth, no `__proto__`. An empty body is no body. */
export function readJsonBodies(app: FastifyInstance): void {
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser(
    /^application\/(?:[\w.-]+\+)?json\b/i,
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) => (body.length === 0 ? undefined : parseJson(body)),
  );
}

/** Parses untrusted JSON; throws `request.malformed` with the place. */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  if (depthOf(text) > DEPTH_LIMIT) {
    throw new BelayError('request.malformed', `The JSON nests deeper than ${DEPTH_LIMIT} levels.`, {
      hint: 'Flatten the document.',
    });
  }
  try {
    return JSON.parse(text, refusePrototype);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new BelayError('request.malformed', `The body is not JSON: ${error.message}`, { cause: error });
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new BelayError('request.malformed', 'The body is not valid UTF-8.', { cause: error });
  }
}

function refusePrototype(key: string, value: unknown): unknown {
  if (key !== '__proto__') return value;
  throw new BelayError('request.malformed', 'The JSON has a key "__proto__", which is refused.');
}

/** Deepest nesting, without parsing: a deep document must not reach the recursive parser. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index += 1;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, (depth += 1));
    else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return deepest;
}
