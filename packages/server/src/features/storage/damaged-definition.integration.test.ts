import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generatedSpans, openRollupTestbed, type RollupTestbed } from '../telemetry/testing.ts';

let bed: RollupTestbed;
beforeAll(async () => {
  bed = await openRollupTestbed();
});
afterAll(async () => bed.close());

test('an engine whose table definition was zeroed by a power cut starts again with all of its rows', async () => {
  await bed.run(generatedSpans({ from: 1_790_000_000, seconds: 600, rows: 5000 }));
  const folder = path.join(bed.dataDir, 'clickhouse');
  await expect
    .poll(() => existsSync(path.join(folder, 'definition-copies', 'spans.sql')), { timeout: 30_000 })
    .toBe(true);
  writeFileSync(path.join(folder, 'metadata', 'default', 'spans.sql'), Buffer.alloc(400));
  await bed.killEngine();
  await bed.whenPrepared();
  expect(await bed.select('SELECT count() AS n FROM spans')).toEqual([{ n: 5000 }]);
});
