import type { Problem } from '@belay/protocol';

/** The server answered with a problem. Switch on `code`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly problem: Problem;
  readonly status: number;
  readonly code: string;
  /** Seconds to wait before trying again, where the server says so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(problem: Problem, retryAfterSeconds?: number) {
    super(problem.detail);
    this.problem = problem;
    this.status = problem.status;
    this.code = problem.code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** No answer of Belay's: nobody listens, the connection broke, the time was up, or something else answered. */
export class UnreachableError extends TypeError {
  override readonly name = 'UnreachableError';
  readonly url: string;

  constructor(url: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.url = url;
  }
}

/** Reads a refusal; an answer that is no problem document is something else than Belay, such as a proxy. */
export async function failureOf(answer: Response): Promise<ApiError | UnreachableError> {
  const retryAfter = Number(answer.headers.get('retry-after') ?? Number.NaN);
  const body: unknown = await readJson(answer);
  if (isProblem(body)) return new ApiError(body, Number.isFinite(retryAfter) ? retryAfter : undefined);
  return new UnreachableError(
    answer.url,
    `${new URL(answer.url).host} answered ${answer.status} and not as Belay answers; is something else at this address?`,
  );
}

async function readJson(answer: Response): Promise<unknown> {
  try {
    return await answer.json();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'detail' in value &&
    typeof value.detail === 'string' &&
    'status' in value &&
    typeof value.status === 'number'
  );
}
