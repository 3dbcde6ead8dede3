import * as protocol from '@belay/protocol';
import type { Endpoint } from '@belay/protocol';
import { z } from 'zod';

interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly [key: string]: unknown;
}

/** The API described by its own endpoints (OpenAPI 3.1). */
export function openApiDocument(version: string): OpenApiDocument {
  const paths: Record<string, Record<string, unknown>> = {};
  const schemas = createSchemas();
  for (const [name, endpoint] of Object.entries<Endpoint>(protocol.endpoints)) {
    paths[endpoint.path] = {
      ...paths[endpoint.path],
      [endpoint.method.toLowerCase()]: operationOf(name, endpoint, schemas),
    };
  }
  paths['/api/v1/events'] = { get: eventStream };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Belay',
      version,
      description: 'Errors are problem details (RFC 9457) with a stable `code`. Lists page by `cursor`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: schemas.components(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token with the scope that the operation names.' },
      },
    },
  };
}

function operationOf(name: string, endpoint: Endpoint, schemas: Schemas): Record<string, unknown> {
  const status = String(endpoint.status ?? 200);
  return {
    operationId: name,
    summary: endpoint.summary,
    tags: [endpoint.tag],
    ...(endpoint.scope === null
      ? { security: [] }
      : {
          security: [{ token: [] }],
          'x-belay-scope': endpoint.scope,
          description: `Needs the scope \`${endpoint.scope}\`.`,
        }),
    parameters: [...pathParameters(endpoint), ...queryParameters(endpoint), ...conditionParameters(endpoint)],
    ...(endpoint.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemas.of(endpoint.body, 'input') } },
          },
        }),
    responses: {
      [status]: {
        description: 'Done',
        content: { 'application/json': { schema: schemas.of(endpoint.response, 'output') } },
      },
      default: {
        description: 'A problem',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function pathParameters({ path }: Endpoint): unknown[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters({ query }: Endpoint): unknown[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
}

function conditionParameters({ precondition }: Endpoint): unknown[] {
  if (precondition !== true) return [];
  const schema = { type: 'string' };
  return [
    {
      name: 'If-Match',
      in: 'header',
      required: false,
      schema,
      description: 'The ETag that was read; 412 when it has changed.',
    },
    {
      name: 'If-None-Match',
      in: 'header',
      required: false,
      schema,
      description: '`*` to create only. One of both is needed (428).',
    },
  ];
}

type Json = Record<string, unknown>;

interface Schemas {
  of(schema: z.ZodType, io: 'input' | 'output'): Json;
  components(): Json;
}

/** Schemas that the protocol names are written once, under `components`, and referred to everywhere else. */
function createSchemas(): Schemas {
  const names = z.registry<{ id: string; description?: string | undefined }>();
  for (const [name, value] of Object.entries(protocol)) {
    if (value instanceof z.ZodType)
      names.add(value, { ...value.meta(), id: `${name.charAt(0).toUpperCase()}${name.slice(1)}` });
  }
  const components: Json = {};
  const of = (schema: z.ZodType, io: 'input' | 'output'): Json => {
    const suffix = io === 'input' ? 'Input' : '';
    const written = z.toJSONSchema(schema, { io, metadata: names, unrepresentable: 'any' });
    const { $schema: _, $defs = {}, ...own } = referring(written, suffix);
    for (const [name, definition] of Object.entries(recordOf($defs)))
      components[name + suffix] ??= withoutId(definition);
    if (typeof own['id'] !== 'string') return own;
    components[own['id'] + suffix] ??= withoutId(own);
    return { $ref: `#/components/schemas/${own['id']}${suffix}` };
  };
  of(protocol.problem, 'output');
  return {
    of,
    components: () => Object.fromEntries(Object.entries(components).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Points references at the components. */
function referring(schema: unknown, suffix: string): Json {
  const text = JSON.stringify(schema).replaceAll(
    /"\$ref":"#\/\$defs\/(\w+)"/g,
    `"$ref":"#/components/schemas/$1${suffix}"`,
  );
  return recordOf(JSON.parse(text));
}

function withoutId(schema: unknown): Json {
  const { id: _, $id: __, ...rest } = recordOf(schema);
  return rest;
}

function recordOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

const eventStream = {
  operationId: 'events',
  summary: 'Live events (server-sent events, resumed by Last-Event-ID)',
  tags: ['overview'],
  security: [{ token: [] }],
  'x-belay-scope': 'read',
  parameters: [{ name: 'Last-Event-ID', in: 'header', required: false, schema: { type: 'string' } }],
  responses: {
    '200': { description: 'A stream of events', content: { 'text/event-stream': { schema: { type: 'string' } } } },
    default: {
      description: 'A problem',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  },
};
