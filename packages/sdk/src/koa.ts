import { currentUnit } from './unit-scope.ts';

/** What the adapter reads of a Koa context; `_matchedRoute` is set by the usual routers. */
export interface KoaLikeContext {
  readonly method: string;
  readonly path: string;
  readonly state: Readonly<Record<string, unknown>>;
  get(field: string): string;
  readonly _matchedRoute?: unknown;
}

/** How the adapter is set up: `key` says who a request is for; it is asked when a flag is read without a key. */
export interface KoaOptions<Context extends KoaLikeContext> {
  readonly key?: (context: Context) => string | undefined;
}

/** Koa middleware: gives the request's unit of work its route template and user key. */
export function belayKoa<Context extends KoaLikeContext = KoaLikeContext>(
  options: KoaOptions<Context> = {},
): (context: Context, next: () => Promise<unknown>) => Promise<void> {
  const { key } = options;
  return async (context, next) => {
    const unit = currentUnit();
    if (unit !== undefined) {
      unit.describe = () => {
        // The router sets it after this middleware has run.
        const { _matchedRoute: route } = context;
        return `${context.method} ${typeof route === 'string' ? route : '*'}`;
      };
      if (key !== undefined) unit.keyOf = () => key(context);
    }
    await next();
  };
}
