import { readFile } from 'node:fs/promises';
import { BelayError } from '@belay/core';
import type { InputIssue } from '@belay/core';
import { belayConfig } from '@belay/protocol';
import type { BelayConfig } from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import { openApiDocument } from '../../platform/http/openapi.ts';
import { defineRoutes } from '../../platform/http/route.ts';

export interface SettingsOptions {
  readonly version: string;
  readonly explained: readonly { readonly path: string; readonly value: unknown; readonly origin: string }[];
  /** The page that explains every error code; problem documents point to it. */
  readonly errorsPage: string;
  readonly validate: (text: string) => { readonly config: BelayConfig } | { readonly issues: readonly InputIssue[] };
}

/** The configuration in force, a check of another one, and the API's own description. */
export function createSettings(options: SettingsOptions): { readonly routes: (app: FastifyInstance) => Promise<void> } {
  return {
    routes: async (app) => {
      defineRoutes(app, {
        configGet: () => ({ values: options.explained.map((value) => ({ ...value })) }),
        configValidate: ({ body }) => ({ config: checked(options, body) }),
      });
      app.get('/docs/reference/errors.md', { config: { scope: null } }, async (_request, reply) =>
        reply.type('text/markdown; charset=utf-8').send(await readFile(options.errorsPage, 'utf8')),
      );
      const document = JSON.stringify(openApiDocument(options.version));
      app.get('/openapi.json', { config: { scope: 'read' } }, (_request, reply) =>
        reply.type('application/json; charset=utf-8').send(document),
      );
    },
  };
}

/** A text is read as YAML, anything else as the document itself; JSON is YAML, so one reader does for both. */
function checked({ validate }: SettingsOptions, body: unknown): BelayConfig {
  const result = validate(typeof body === 'string' ? body : JSON.stringify(body ?? {}));
  if ('config' in result) return belayConfig.parse(result.config);
  throw new BelayError('config.invalid', `The configuration has ${result.issues.length} to mend.`, {
    hint: result.issues.map(({ path, message }) => `${path === '' ? '(file)' : path} ${message}`).join('; '),
    issues: result.issues,
  });
}
