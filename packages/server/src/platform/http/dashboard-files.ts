import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** First parts of addresses that are never a page of the dashboard. */
const NOT_PAGES = new Set([
  'api',
  'v1',
  'ofrep',
  'assets',
  'docs',
  'metrics',
  'livez',
  'readyz',
  'startupz',
  'openapi.json',
]);
const YEAR_MS = 365 * 24 * 3_600_000;

/** Serves the built dashboard: assets carry a hash in their name and are kept for ever, pages are asked for anew. */
export async function serveDashboard(app: FastifyInstance, folder: string): Promise<void> {
  await app.register(fastifyStatic, { root: folder, serve: false, index: false, decorateReply: true });
  app.get<{ Params: { '*': string } }>('/assets/*', { config: { scope: null } }, (request, reply) =>
    reply.sendFile(`assets/${request.params['*']}`, { immutable: true, maxAge: YEAR_MS }),
  );
  for (const file of rootFiles(folder)) {
    app.get(`/${file}`, { config: { scope: null } }, (_request, reply) => reply.sendFile(file));
  }
}

/** Files beside the page, such as the icon. */
function rootFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'index.html')
    .map((entry) => entry.name);
}

/** The page of an address that no route has, because the dashboard routes by itself. */
export function dashboardPage(folder: string, request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  const first = request.url.split(/[/?]/, 2)[1] ?? '';
  const wantsPage = request.method === 'GET' && (request.headers.accept ?? '*/*').includes('html');
  if (!wantsPage || NOT_PAGES.has(first)) return undefined;
  if (!existsSync(path.join(folder, 'index.html'))) return undefined;
  return reply.header('cache-control', 'no-cache').sendFile('index.html', { cacheControl: false });
}

export function hasDashboard(folder: string): boolean {
  return existsSync(path.join(folder, 'index.html'));
}
