import type { FastifyRequest } from 'fastify';

/** Who is asking. A real shop would read its session; this one trusts the `x-user` header. */
export function userOf(request: FastifyRequest): string {
  const header = request.headers['x-user'];
  return typeof header === 'string' && header !== '' ? header : 'anonymous';
}
