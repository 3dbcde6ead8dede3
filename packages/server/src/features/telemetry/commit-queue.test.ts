import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCommitQueue, type WaitingRequest } from './commit-queue.ts';
import { spansTable } from './tables/spans.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a request that comes alone waits for its companions only', async () => {
  const { queue, commits } = open({ commitMs: 10 });
  void queue.add(request(1n, 100));
  void queue.add(request(2n, 100));
  await vi.advanceTimersByTimeAsync(39);
  expect(commits).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(commits).toEqual([[1n, 2n]]);
});

test('slow commits and large ones collect more before the next', async () => {
  for (const { commitMs, rows } of [
    { commitMs: 90, rows: 10 },
    { commitMs: 10, rows: 6000 },
  ]) {
    const { queue, commits } = open({ commitMs });
    void queue.add(request(1n, rows));
    await vi.advanceTimersByTimeAsync(40 + commitMs);
    void queue.add(request(2n, 10));
    await vi.advanceTimersByTimeAsync(179);
    expect(commits).toEqual([[1n]]);
    await vi.advanceTimersByTimeAsync(21);
    expect(commits).toEqual([[1n], [2n]]);
  }
});

test('so many rows are not kept waiting', async () => {
  const { queue, commits } = open({ commitMs: 10 });
  void queue.add(request(1n, 50_000));
  await vi.advanceTimersByTimeAsync(0);
  expect(commits).toEqual([[1n]]);
});

function open({ commitMs }: { readonly commitMs: number }) {
  const commits: bigint[][] = [];
  const commit = async (requests: readonly WaitingRequest[]): Promise<void> => {
    commits.push(requests.map(({ hash }) => hash));
    await new Promise((resolve) => setTimeout(resolve, commitMs));
  };
  return { queue: createCommitQueue({ commit, now: () => Date.now() }), commits };
}

function request(hash: bigint, rows: number) {
  const content = { rows: [{ table: spansTable, rows, late: 0, appendTo: () => {} }] };
  return { hash, content, bytes: 1 };
}
