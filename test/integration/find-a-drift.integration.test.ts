import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** The tutorial, as somebody types it: the demo in one terminal, the commands of the page in another. */
const ROOT = path.resolve(import.meta.dirname, '../..');
const BIN = path.join(ROOT, 'packages/cli/bin/belay.js');
const PAGE = readFileSync(path.join(ROOT, 'docs/tutorials/find-a-drift.md'), 'utf8');
const DOCUMENT_MS = 240_000;

test('the tutorial finds a shop that became 5% slower, and names the change', { timeout: 300_000 }, async () => {
  const demo = spawn(process.execPath, [BIN, 'demo', 'drift', '--json', '--port', '0', '--no-open'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise<number | null>((resolve) => demo.once('exit', resolve));
  try {
    const result = JSON.parse(await firstLine(demo.stdout));
    expect(result).toMatchObject({
      injected: 0.05,
      signal: 'shop.latency-p50',
      word: 'Higher than usual',
      found: { by: 'drift', direction: 'higher', suspect: 'Smaller connection pool' },
    });
    expect(result.found.hoursAfter).toBeGreaterThan(0);
    expect(result.found.hoursAfter).toBeLessThan(72);
    expect(result.spans).toBeGreaterThan(200_000);

    const commands = typedCommands();
    expect(commands).toContain('signals show shop.latency-p50');
    const { url } = result;
    const answers = new Map<string, string>();
    for (const command of commands) answers.set(command, await belay(command, new URL(url).origin, result.folder));
    expect(answers.get('signals list')?.split('\n')[1]).toMatch(/^(shop|all)\.latency-p\d\d +Higher than usual/);
    expect(answers.get('signals show shop.latency-p50')).toMatch(/ open +Response time, median of shop: .*higher/);
    expect([...answers.values()].at(-1)).toMatch(/Just happened/);
  } finally {
    demo.kill('SIGINT');
    expect(await ended).toBe(0);
  }
});

/** What stands in the blocks that are to be typed, without the demo itself. */
function typedCommands(): readonly string[] {
  const blocks = [...PAGE.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block ?? '');
  return blocks
    .flatMap((block) => block.trim().split('\n'))
    .flatMap((line) => (line.startsWith('belay ') ? [line.slice('belay '.length)] : []));
}

async function belay(command: string, url: string, cwd: string): Promise<string> {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  const { stdout } = await promisify(execFile)(process.execPath, [BIN, ...words], {
    cwd,
    env: { ...process.env, BELAY_URL: url, NO_COLOR: '1' },
  });
  return stdout;
}

function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the demo said nothing in time')), DOCUMENT_MS);
    let text = '';
    stream.on('data', (part: Buffer) => {
      text += part.toString();
      const end = text.indexOf('\n');
      if (end === -1) return;
      clearTimeout(timer);
      resolve(text.slice(0, end));
    });
    stream.once('end', () => reject(new Error(`the demo ended with: ${text}`)));
  });
}
