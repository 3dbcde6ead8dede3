import type { FastifyInstance } from 'fastify';

/** Which methods an address takes: for "405 Method Not Allowed", which the router answers as "not found". */
export function createRouteTable(app: FastifyInstance): { methodsOf(path: string): string[] } {
  const routes: { readonly parts: readonly string[]; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', (route) => {
    // A catch-all of files would claim every address.
    if (!route.url.endsWith('*')) routes.push({ parts: route.url.split('/'), methods: [route.method].flat() });
  });
  return {
    methodsOf: (path) => {
      const seen = path.split('/');
      const found = routes.filter(({ parts }) => matches(parts, seen)).flatMap(({ methods }) => methods);
      return [...new Set(found)].toSorted();
    },
  };
}

function matches(parts: readonly string[], seen: readonly string[]): boolean {
  return parts.length === seen.length && parts.every((part, index) => part.startsWith(':') || part === seen[index]);
}
