import { expect, test } from 'vitest';
import { runSmoke } from './run-smoke.ts';

test('a program that left something running behind is judged by its own end', async () => {
  const command = ['/bin/sh', '-c', 'sleep 60 & echo $! >&2; exit 3'];
  const result = await runSmoke(command, '/copy', { deadlineMs: 30_000 });
  const sleeper = Number(/: (\d+)$/.exec(result.detail ?? '')?.[1]);
  process.kill(sleeper);
  expect(result).toMatchObject({ outcome: 'broken', detail: `exit 3: ${sleeper}` });
});
