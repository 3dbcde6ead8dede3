import { z } from 'zod';
import { durationText } from './plan.ts';

/** Name of a golden path. */
export const probeName = z
  .string()
  .min(1)
  .max(80)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'use letters, digits, ".", "-" or "_", starting with a letter or digit');

/** Texts may hold `{{name}}`: a variable, a secret, what a step extracted, or `run.id`. */
const text = z.string().max(20_000);
const address = z.string().min(1).max(2000);
const variableName = z
  .string()
  .min(1)
  .max(60)
  .regex(/^[A-Za-z_]\w*$/, 'use letters, digits and "_"');
const environmentName = z
  .string()
  .max(120)
  .regex(/^[A-Z_][A-Z0-9_]*$/, 'name an environment variable, such as SHOP_PROBE_TOKEN');
const headers = z.record(z.string().min(1).max(100), text).refine((value) => Object.keys(value).length <= 30, {
  message: 'name at most 30 headers',
});
const jsonPath = z
  .string()
  .min(1)
  .max(300)
  .startsWith('$', 'start a JSONPath with "$"')
  // Each ".." looks at the whole document once more for everything found so far.
  .refine((path) => path.split('..').length <= 2, 'use ".." at most once');
const value = z.union([z.string().max(2000), z.number(), z.boolean(), z.null()]);

const common = {
  name: z.string().min(1).max(80).optional(),
  /** At most 2m; default 10s. */
  timeout: durationText.optional(),
};

/** What an answer must be: each given thing must hold. */
const expectation = {
  contains: text.optional(),
  /** JSONPath to the value that must stand there. */
  json: z.record(jsonPath, value).optional(),
};
/** JSONPath by the name of the variable that gets what it finds. */
const extract = z.record(variableName, jsonPath).optional();

const httpStep = z.strictObject({
  type: z.literal('http'),
  ...common,
  url: address,
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).optional(),
  headers: headers.optional(),
  body: text.optional(),
  json: z.unknown().optional(),
  expect: z
    .strictObject({
      /** Default: 200 to 299. */
      status: z
        .union([z.number().int().min(100).max(599), z.array(z.number().int().min(100).max(599)).max(20)])
        .optional(),
      ...expectation,
      headers: headers.optional(),
      within: durationText.optional(),
      /** Least days that the certificate is valid for; default 7. */
      certificate_days: z.number().int().min(0).max(1000).optional(),
    })
    .optional(),
  extract,
  /** Redirects that are followed, on the same host only; default 0. */
  redirects: z.number().int().min(0).max(5).optional(),
});

const wsOpenStep = z.strictObject({
  type: z.literal('ws_open'),
  ...common,
  url: address,
  headers: headers.optional(),
  protocols: z.array(z.string().min(1).max(100)).max(10).optional(),
});

const wsSendStep = z.strictObject({
  type: z.literal('ws_send'),
  ...common,
  text: text.optional(),
  json: z.unknown().optional(),
});

/** Waits for a message that holds all that is expected; others before it are passed over. */
const wsExpectStep = z.strictObject({ type: z.literal('ws_expect'), ...common, ...expectation, extract });

/** Closes; or, with `code`, waits for the other side to close with it. */
const wsCloseStep = z.strictObject({
  type: z.literal('ws_close'),
  ...common,
  code: z.number().int().min(1000).max(4999).optional(),
});

/** Proves that the Authorization header survives every hop of a WebSocket upgrade; the SDK's middleware answers. */
const proofStep = z.strictObject({
  type: z.literal('ws_proof'),
  ...common,
  /** As users reach it, through every proxy. */
  url: address,
  /** The same, past the proxies; the proof then says whether they or the app are at fault. */
  direct: address.optional(),
  /** Secret that the app's middleware has too. */
  key: environmentName,
  /** Held without traffic for so long; set it above the longest silence of your app. Default 0s. */
  idle: durationText.optional(),
  /** Bytes of an extra header, as a session cookie would be. Default 2000. */
  header_bytes: z.number().int().min(0).max(60_000).optional(),
  /** Whether a connection without credentials must be refused. Default true. */
  control: z.boolean().optional(),
  /** Whether streamed answers must come piece by piece. Default true. */
  streaming: z.boolean().optional(),
});

/** One question to a database that only reads; its address is a secret. */
const sqlStep = z.strictObject({
  type: z.literal('sql'),
  ...common,
  /** Environment variable with `postgres://...` or the path of a SQLite file. */
  database: environmentName,
  query: z.string().min(1).max(10_000),
  parameters: z.array(value).max(20).optional(),
  expect: z
    .strictObject({
      rows: z.number().int().min(0).max(10_000).optional(),
      /** Value of the first column of the first row. */
      value: value.optional(),
    })
    .optional(),
  /** Columns of the first row by the name of the variable that gets the value. */
  extract: z.record(variableName, z.string().min(1).max(120)).optional(),
});

const waitStep = z.strictObject({ type: z.literal('wait'), ...common, for: durationText });

/** Compares a text with variables. */
const assertStep = z.strictObject({
  type: z.literal('assert'),
  ...common,
  that: text,
  equals: text.optional(),
  not_equals: text.optional(),
  contains: text.optional(),
  at_most: z.number().optional(),
  at_least: z.number().optional(),
});

/** One step of a golden path. There are no loops: a path ends after its steps. */
export const probeStep = z.discriminatedUnion('type', [
  httpStep,
  wsOpenStep,
  wsSendStep,
  wsExpectStep,
  wsCloseStep,
  proofStep,
  sqlStep,
  waitStep,
  assertStep,
]);
export type ProbeStep = z.infer<typeof probeStep>;

/** A golden path as written in belay.yaml. */
export const probeInput = z.strictObject({
  title: z.string().trim().min(1).max(120).optional(),
  /** The service that it walks through; default the name of the path. */
  service: z.string().min(1).max(120).optional(),
  /** From 10s to 1d; default 1m. */
  every: durationText.optional(),
  /** For all steps, at most 5m; default 1m. Clean-up gets 30s more. */
  timeout: durationText.optional(),
  /** Checks that explain a failure of this one: names of this service, or `service/name`. */
  depends_on: z.array(z.string().min(1).max(240)).max(20).optional(),
  /** Flags whose rollouts it guards: none is promoted while it fails, and one that broke it is rolled back. */
  guards: z.array(z.string().min(1).max(128)).max(50).optional(),
  variables: z.record(variableName, text).optional(),
  /** Environment variables by the name under which steps use them; their values are never shown. */
  secrets: z.record(variableName, environmentName).optional(),
  steps: z.array(probeStep).min(1).max(50),
  /** Runs whatever happened before. */
  cleanup: z.array(probeStep).max(20).optional(),
});
export type ProbeInput = z.infer<typeof probeInput>;

/** `checks:` and `check_settings:` of belay.yaml. */
export const checksConfig = {
  checks: z
    .record(probeName, probeInput)
    .refine((value) => Object.keys(value).length <= 500, { message: 'write at most 500 golden paths' })
    .optional(),
  check_settings: z
    .strictObject({
      /** Hosts (`host` or `host:port`) that golden paths may reach besides those written in their addresses. */
      hosts: z.array(z.string().min(1).max(260)).max(200).optional(),
      /** Golden paths that run at the same time. Default 4. */
      at_once: z.number().int().min(1).max(32).optional(),
    })
    .optional(),
};
