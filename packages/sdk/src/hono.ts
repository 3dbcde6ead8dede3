import { currentUnit } from './unit-scope.ts';

/** What the adapter reads of a Hono context. */
export interface HonoLikeContext {
  readonly req: {
    readonly method: string;
    readonly routePath?: string;
    readonly path: string;
    header(name: string): string | undefined;
  };
}

/** How the adapter is set up: `key` says who a request is for; it is asked when a flag is read without a key. */
export interface HonoOptions<Context extends HonoLikeContext> {
  readonly key?: (context: Context) => string | undefined;
}

/** Hono middleware (on `@hono/node-server`): gives the request's unit of work its route template and user key. */
export function belayHono<Context extends HonoLikeContext = HonoLikeContext>(
  options: HonoOptions<Context> = {},
): (context: Context, next: () => Promise<void>) => Promise<void> {
  const { key } = options;
  return async (context, next) => {
    const unit = currentUnit();
    if (unit !== undefined) {
      unit.describe = () => `${context.req.method} ${context.req.routePath ?? context.req.path}`;
      if (key !== undefined) unit.keyOf = () => key(context);
    }
    await next();
  };
}
