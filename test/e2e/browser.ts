import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const require = createRequire(import.meta.url);
const axePath = require.resolve('axe-core/axe.min.js');
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const desktop = { width: 1440, height: 900 } as const;
export const phone = { width: 390, height: 844 } as const;
export const smallest = { width: 320, height: 640 } as const;

/** Where Chromium is; the browser tests need one. */
export const chromiumPath: string | undefined = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((candidate) => candidate !== undefined && existsSync(candidate));

export interface Browser {
  /** A fresh page; every request it makes outside `allowedOrigin` is kept in `foreign`. */
  readonly open: (
    url: string,
    options: { readonly size: { width: number; height: number }; readonly dark?: boolean },
  ) => Promise<Page>;
  readonly foreign: readonly string[];
  readonly errors: readonly string[];
  readonly context: BrowserContext;
  readonly close: () => Promise<void>;
}

/** A real Chromium with an empty profile of its own. */
export async function openBrowser(allowedOrigin: string): Promise<Browser> {
  const profile = await mkdtemp(path.join(tmpdir(), 'belay-e2e-'));
  const context = await chromium.launchPersistentContext(profile, {
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    args: flags,
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const foreign: string[] = [];
  const errors: string[] = [];
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:' && url.origin !== allowedOrigin) foreign.push(request.url());
  });
  context.on('weberror', (error) => errors.push(error.error().message));
  context.on('console', (message) => {
    // A refused call is logged by the browser itself; the page's own errors and violated policies are what counts.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      errors.push(message.text());
  });
  return {
    context,
    foreign,
    errors,
    async open(url, { size, dark = false }) {
      const page = await context.newPage();
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' });
      await page.goto(url);
      return page;
    },
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Runs axe with all WCAG A and AA rules and best practices; returns what it found, one line a finding. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  // Through the debugger, because the page's policy allows only its own scripts.
  await page.evaluate(await readFile(axePath, 'utf8'));
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run: () => Promise<{ violations: { id: string; nodes: { target: unknown[]; failureSummary?: string }[] }[] }>;
      };
    };
    const { violations } = await axe.run();
    return violations.flatMap((violation) =>
      violation.nodes.map((node) => `${violation.id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
    );
  });
  return found;
}

/** How many pixels the page is wider than the window. */
export async function sidewaysScroll(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
