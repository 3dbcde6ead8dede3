import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const BIN = path.resolve(import.meta.dirname, '../../packages/cli/bin/belay.js');
const FIELDS = [
  'fault',
  'outcome',
  'guard',
  'share',
  'secondsToVerdict',
  'canaryRequests',
  'failedCanaryRequests',
  'extraFailures',
  'undoSeconds',
  'instancesConfirmed',
  'instances',
  'exposuresAfterUndo',
  'waldBound',
  'waldRatio',
  'appRequests',
  'appFailuresCausedByBelay',
  'sentence',
  'replayAgrees',
];

async function demo(fault: string) {
  const inputs = ['demo', '--exit', '--json', '--fault', fault, '--port', '0', '--rate', '150'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [BIN, ...inputs]);
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  const document = JSON.parse(stdout);
  expect(Object.keys(document)).toEqual(FIELDS);
  return document;
}

test('the demo takes a change back that loses 4 orders in 100, and proves it', async () => {
  const result = await demo('errors');
  expect(result).toMatchObject({
    outcome: 'rolled-back',
    guard: 'errors',
    instances: 3,
    instancesConfirmed: 3,
    exposuresAfterUndo: 0,
    appFailuresCausedByBelay: 0,
    replayAgrees: true,
  });
  expect(result.failedCanaryRequests).toBeGreaterThanOrEqual(3);
  expect(result.canaryRequests).toBeGreaterThanOrEqual(20);
  expect(result.appRequests).toBeGreaterThan(600);
});

test('the demo cuts a path that always throws off inside the processes', async () => {
  const result = await demo('crash');
  expect(result).toMatchObject({
    outcome: 'rolled-back',
    exposuresAfterUndo: 0,
    appFailuresCausedByBelay: 0,
    replayAgrees: true,
  });
  expect(result.failedCanaryRequests).toBeLessThan(200);
});
