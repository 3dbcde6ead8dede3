/** Points older than this when they were sent are stored but not judged: what they describe is over. */
const LATE_MS = 120_000;

/** Whether a point was too old to be judged when it was sent; both in Unix ms of the sender's clock. */
export function isLate(timeMs: number, sentAtMs: number): boolean {
  return sentAtMs - timeMs > LATE_MS;
}

/** Newest time among rows; 0 without any. */
export function newestOf<Row>(rows: readonly Row[], timeOf: (row: Row) => number): number {
  let newest = 0;
  for (const row of rows) newest = Math.max(newest, timeOf(row));
  return newest;
}
