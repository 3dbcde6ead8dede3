import { ApiError } from '@belay/client';

/** Where a query is wrong, so that a mark can stand under that place. Both count from 1. */
export interface QueryPosition {
  readonly line: number;
  readonly column: number;
}

/** Reads the place out of a refusal, as in `parse error at 1:14` or `line 1, column 14`; null where it names none. */
export function positionOf(error: unknown): QueryPosition | null {
  if (!(error instanceof ApiError)) return null;
  const texts = [error.problem.detail, ...(error.problem.issues ?? []).map((issue) => issue.message)];
  for (const text of texts) {
    const found = /\b(\d+):(\d+)\b/.exec(text) ?? /line (\d+),? (?:column|col|char) (\d+)/i.exec(text) ?? null;
    if (found !== null) return { line: Number(found[1]), column: Number(found[2]) };
    const column = /(?:column|char(?:acter)?|position) (\d+)/i.exec(text);
    if (column !== null) return { line: 1, column: Number(column[1]) };
  }
  return null;
}

/** The line of the query that is wrong, with a mark under the column. */
export function pointAt(query: string, position: QueryPosition): string {
  const line = query.split('\n')[position.line - 1] ?? '';
  return `${line}\n${' '.repeat(Math.max(0, Math.min(line.length, position.column - 1)))}^`;
}
