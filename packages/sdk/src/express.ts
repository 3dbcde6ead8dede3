import type { IncomingMessage, ServerResponse } from 'node:http';
import { currentUnit } from './unit-scope.ts';

/** What the adapter reads of an Express request. */
export interface ExpressRequest extends IncomingMessage {
  readonly baseUrl?: string;
  readonly route?: { readonly path?: unknown };
}

/** How the adapter is set up: `key` says who a request is for; it is asked when a flag is read without a key. */
export interface ExpressOptions<Request extends ExpressRequest> {
  readonly key?: (request: Request) => string | undefined;
}

/** Express middleware: gives the request's unit of work its route template and user key. */
export function belayExpress<Request extends ExpressRequest = ExpressRequest>(
  options: ExpressOptions<Request> = {},
): (request: Request, response: ServerResponse, next: () => void) => void {
  const { key } = options;
  return (request, _response, next) => {
    const unit = currentUnit();
    if (unit !== undefined) {
      unit.describe = () => {
        const path = request.route?.path;
        return `${request.method ?? ''} ${request.baseUrl ?? ''}${typeof path === 'string' ? path : '*'}`;
      };
      if (key !== undefined) unit.keyOf = () => key(request);
    }
    next();
  };
}
