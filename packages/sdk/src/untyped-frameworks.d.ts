// Express and Koa bring no types of their own; these are the parts that the tests use.
declare module 'express' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

  type Next = (error?: unknown) => void;
  type Handler = (
    request: IncomingMessage,
    response: ServerResponse & { json(body: unknown): void },
    next: Next,
  ) => unknown;
  interface Application extends RequestListener {
    use(handler: Handler): void;
    all(path: string, handler: Handler): void;
  }
  interface Express {
    (): Application;
    json(): Handler;
  }
  const express: Express;
  export default express;
}

declare module 'koa' {
  import type { RequestListener } from 'node:http';

  interface Context {
    readonly method: string;
    readonly path: string;
    readonly state: Record<string, unknown>;
    body: unknown;
    get(field: string): string;
  }
  export default class Koa {
    use(middleware: (context: Context, next: () => Promise<unknown>) => Promise<void>): this;
    callback(): RequestListener;
  }
}
