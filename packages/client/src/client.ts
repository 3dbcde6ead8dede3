import type { EndpointName, endpoints, LiveEvent, logFilter, LogTailEvent } from '@belay/protocol';
import type { z } from 'zod';
import { failureOf, UnreachableError } from './api-error.ts';
import { endpointPaths } from './generated/endpoint-paths.ts';
import { readEventStream } from './event-stream.ts';

type Endpoints = typeof endpoints;
type ParameterNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterNames<Rest>
  : never;
type Input<E, Part extends 'query' | 'body'> = E extends { readonly [K in Part]: infer Schema extends z.ZodType }
  ? z.input<Schema>
  : undefined;
/** Makes a part optional where leaving it out is valid. */
type Given<Part extends string, Value> = [Value] extends [undefined]
  ? { readonly [K in Part]?: undefined }
  : Record<string, never> extends Value
    ? { readonly [K in Part]?: Value | undefined }
    : undefined extends Value
      ? { readonly [K in Part]?: Value }
      : { readonly [K in Part]: Value };
type Parameters<Path extends string> = [ParameterNames<Path>] extends [never]
  ? { readonly params?: undefined }
  : { readonly params: { readonly [K in ParameterNames<Path>]: string } };

/** What a call of one endpoint takes. */
export type CallOptions<Name extends EndpointName> = Parameters<Endpoints[Name]['path']> &
  Given<'query', Input<Endpoints[Name], 'query'>> &
  Given<'body', Input<Endpoints[Name], 'body'>> & {
    /** The version that was seen, or `absent` to create; endpoints with a precondition need it. */
    readonly ifMatch?: number | 'absent' | undefined;
    readonly signal?: AbortSignal | undefined;
    /** Default 30,000. */
    readonly timeoutMs?: number | undefined;
  };

/** What an endpoint answers. */
export type CallResult<Name extends EndpointName> = z.output<Endpoints[Name]['response']>;

type CallArguments<Name extends EndpointName> =
  Record<string, never> extends CallOptions<Name> ? [options?: CallOptions<Name>] : [options: CallOptions<Name>];

export interface EventsOptions {
  readonly signal: AbortSignal;
  readonly onEvent: (event: LiveEvent, id: string | null) => void;
  /** Resumes after this event, so that none is missed. */
  readonly lastEventId?: string | null | undefined;
  readonly onOpen?: () => void;
  /** Some events were missed (the server no longer keeps them, or restarted): read everything anew. */
  readonly onReset?: () => void;
}

export interface LogTailOptions {
  /** Which lines: query, service, level, trace, field. */
  readonly filter: z.input<typeof logFilter>;
  readonly signal: AbortSignal;
  readonly onEvent: (event: LogTailEvent, id: string | null) => void;
  /** Resumes after this block, so that no line is missed. */
  readonly lastEventId?: string | null | undefined;
  readonly onOpen?: () => void;
}

export interface Client {
  readonly baseUrl: string;
  /** Calls an endpoint. Throws {@link ApiError} or {@link UnreachableError}; an aborted `signal` throws its reason. */
  call<Name extends EndpointName>(name: Name, ...options: CallArguments<Name>): Promise<CallResult<Name>>;
  /** Reads live events until the stream ends (then it resolves: connect again) or `signal` aborts. */
  events(options: EventsOptions): Promise<void>;
  /** Reads log lines as they arrive until the stream ends (then it resolves: connect again) or `signal` aborts. */
  tailLogs(options: LogTailOptions): Promise<void>;
}

export interface ClientOptions {
  readonly baseUrl: string;
  /** Left out in the browser, where the session cookie speaks. */
  readonly token?: string | undefined;
  readonly fetch?: typeof fetch;
  /** Sent as `X-Belay-Client`, e.g. `cli`: how the ledger says a thing was done. */
  readonly name?: string | undefined;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** A client of Belay's API, in the browser and in Node. */
export function createClient(options: ClientOptions): Client {
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  // Called through an arrow: a browser's fetch throws when it is called on another object than the window.
  const given = options.fetch ?? fetch;
  const send: Send = (url, init) => given(url, init);
  const headers: Record<string, string> = {
    ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    ...(options.name === undefined ? {} : { 'x-belay-client': options.name }),
  };
  const openStream = async (url: string, stream: StreamOptions): Promise<Response> => {
    const { lastEventId: id } = stream;
    const resume = id === undefined || id === null ? {} : { 'last-event-id': id };
    const answer = await reach(send, url, {
      signal: stream.signal,
      headers: { ...headers, ...resume, accept: 'text/event-stream' },
    });
    if (!answer.ok) throw await failureOf(answer);
    stream.onOpen?.();
    return answer;
  };
  return {
    baseUrl,
    async call<Name extends EndpointName>(
      name: Name,
      ...[callOptions]: CallArguments<Name>
    ): Promise<CallResult<Name>> {
      const request = requestOf(baseUrl, name, callOptions ?? {});
      const answer = await reach(send, request.url, { ...request.init, headers: { ...headers, ...request.headers } });
      if (!answer.ok) throw await failureOf(answer);
      const value: unknown = await readAnswer(answer);
      // Decoder: the server checks its answers against the same schema in its tests.
      return value as CallResult<Name>;
    },
    async events(eventOptions) {
      const answer = await openStream(`${baseUrl}/api/v1/events`, eventOptions);
      await readEventStream(answer, (message) => {
        if (message.event === 'reset') eventOptions.onReset?.();
        // Decoder: the stream carries the protocol's live events and nothing else.
        else if (message.data !== '') eventOptions.onEvent(JSON.parse(message.data) as LiveEvent, message.id);
      });
    },
    async tailLogs(tailOptions) {
      const answer = await openStream(`${baseUrl}/api/v1/logs/tail${queryText(tailOptions.filter)}`, tailOptions);
      await readEventStream(answer, (message) => {
        // Decoder: the stream carries the protocol's tail events and nothing else.
        if (message.data !== '') tailOptions.onEvent(JSON.parse(message.data) as LogTailEvent, message.id);
      });
    },
  };
}

type StreamOptions = Pick<LogTailOptions, 'signal' | 'lastEventId' | 'onOpen'>;

interface LooseOptions {
  readonly params?: Readonly<Record<string, string>> | undefined;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly ifMatch?: number | 'absent' | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

function requestOf(baseUrl: string, name: EndpointName, options: LooseOptions) {
  const [method, template] = endpointPaths[name];
  const path = template.replaceAll(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(options.params?.[key] ?? ''));
  const timeout = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const init: RequestInit = {
    method,
    signal: options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]),
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  };
  const headers: Record<string, string> = {
    accept: 'application/json',
    ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...conditionOf(options.ifMatch),
  };
  return { url: `${baseUrl}${path}${queryText(options.query)}`, init, headers };
}

function conditionOf(ifMatch: number | 'absent' | undefined): Record<string, string> {
  if (ifMatch === undefined) return {};
  return ifMatch === 'absent' ? { 'if-none-match': '*' } : { 'if-match': `"${ifMatch}"` };
}

function queryText(query: unknown): string {
  if (typeof query !== 'object' || query === null) return '';
  const pairs = Object.entries(query as Readonly<Record<string, unknown>>).flatMap(([key, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((one) => one !== undefined)
      .map((one): [string, string] => [key, String(one)]),
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}

type Send = (url: string, init: RequestInit) => Promise<Response>;

async function reach(send: Send, url: string, init: RequestInit): Promise<Response> {
  try {
    return await send(url, init);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new UnreachableError(url, `Belay does not answer at ${url}: ${reasonOf(error)}`, error);
  }
}

/** Aborting is the caller's own doing; a time-out is not. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

async function readAnswer(answer: Response): Promise<unknown> {
  if (answer.status === 204) return {};
  try {
    return await answer.json();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UnreachableError(answer.url, `${answer.url} did not answer with JSON; is it Belay?`, error);
  }
}
