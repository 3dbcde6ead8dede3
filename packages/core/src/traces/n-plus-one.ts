/** How often requests of one endpoint repeat a statement below one parent, one run after the other. */
export interface Repetition {
  /** Requests that run the statement at all. */
  readonly requests: number;
  /** Requests that run it at least {@link REPEATED} times in a row below one parent. */
  readonly repeating: number;
  /** Median runs of those requests. */
  readonly runs: number;
}

/** Runs in a row from which a statement counts as repeated. */
export const REPEATED = 5;
/** Share of the requests that must repeat it, so that one odd request is no finding. */
const SHARE = 0.1;

/** Whether the repetitions are an N+1 pattern: many requests repeat the statement one by one instead of asking once. */
export function isNPlusOne({ requests, repeating }: Repetition): boolean {
  return repeating >= 2 && repeating >= requests * SHARE;
}

/** The finding in one sentence. */
export function nPlusOneSentence(operation: string, { requests, repeating, runs }: Repetition): string {
  const name = operation === '' ? 'Requests' : operation;
  return (
    `${name} runs this statement about ${Math.round(runs)} times in a row in ${repeating} of ${requests} requests. ` +
    'Ask for all rows at once.'
  );
}
