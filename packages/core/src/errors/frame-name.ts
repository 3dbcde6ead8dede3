import type { ErrorFrame } from './types.ts';

/** Platforms whose function names carry the receiver's class or not, by engine. */
const JAVASCRIPT: ReadonlySet<string> = new Set(['javascript', 'node', 'bun', 'deno']);

/** Whether a platform runs JavaScript. */
export function isJavaScript(platform: string): boolean {
  return JAVASCRIPT.has(platform);
}

/**
 * The name of a function without what changes between builds, engines and runs: `async Object.pay [as handler]`,
 * `pay/<`, `pay$1` and `new Cart` become `pay` and `Cart`; lambdas lose their numbers. Empty for anonymous ones.
 */
export function functionName(frame: ErrorFrame, platform: string): string {
  let name = (frame.function ?? '').slice(0, 512).trim();
  name = name.replace(/^(?:async |new |get |set |bound )+/u, '').replace(/ \[as [^\]]*\]$/u, '');
  if (isJavaScript(platform)) return javaScriptName(name);
  return otherName(name);
}

const ANONYMOUS = /^(?:\?|<unknown>|<anonymous>|\(anonymous\)|anonymous|<eval>|eval|<none>|<top level>)?$/u;

function javaScriptName(name: string): string {
  let short = name.replace(/\/?<+$/u, '').replace(/^.*\//u, '');
  // `Object.pay`, `Cart.pay` and `pay` are one function seen by different engines; the file tells the class.
  short = short.replace(/^.*\.(?=[^.]+$)/u, '').replace(/^#/u, '');
  short = short.replace(/\$\d+$/u, '');
  return ANONYMOUS.test(short) ? '' : short;
}

function otherName(name: string): string {
  const plain = name
    // Ruby: `block (2 levels) in pay`, `rescue in pay`.
    .replace(/^(?:(?:block|rescue|ensure)(?: \(\d+ levels\))? in )+/u, '')
    // .NET: `<PayAsync>d__12.MoveNext`, `<>c.<Main>b__0_1`.
    .replace(/^(?:.*\.)?<([^<>]+)>[bd]__[\d_]+(?:\.MoveNext)?(?:\(.*\))?$/u, '$1')
    // Java and Kotlin: `lambda$pay$3`, `pay$lambda$0`, `Pay$$Lambda/0x00007f`.
    .replace(/\$\$Lambda.*$/u, '$lambda')
    .replace(/\$(?:lambda\$)?\d+/gu, '$')
    // Go: `main.(*Cart).Pay.func1.2`.
    .replace(/\.func\d+(?:\.\d+)*/gu, '.func')
    // Rust and C++ hashes: `::h1f2e3d4c5b6a7988`.
    .replace(/::h[0-9a-f]{16}$/u, '')
    .replace(/<locals>\./gu, '');
  return ANONYMOUS.test(plain) ? '' : plain;
}

/** Parts of a path after which it no longer depends on the machine or on how it was built. */
const WORKSPACES: ReadonlySet<string> = new Set(['packages', 'apps', 'services', 'modules', 'plugins', 'libs']);
const ROOTS: ReadonlySet<string> = new Set(
  'src lib dist build out app server client public static assets www js chunks _next site-packages dist-packages node_modules gems'.split(
    ' ',
  ),
);
const EXTENSION = /\.(?:[cm]?[jt]sx?|vue|svelte|py|pyc|rb|go|java|kt|cs|php|rs)$/iu;

/**
 * The module of a frame without machine, build and extension: `/home/ada/shop/src/cart/pay.ts`, `/app/dist/cart/pay.js`
 * and `https://shop.example/assets/cart/pay-4fe2a1b9.js` are all `cart/pay`. A path without a known root is its last part.
 */
export function moduleName(frame: ErrorFrame, platform: string): string {
  // A path that a source map or the sender knows says more than a bundle's module name.
  const fromPath = frame.file === undefined ? '' : pathName(frame.file);
  if (frame.module === undefined || frame.module === '' || isJavaScript(platform)) return fromPath;
  return frame.module
    .slice(0, 512)
    .replace(/\$\$.*$/u, '')
    .replace(/\$\d+/gu, '$');
}

function pathName(file: string): string {
  const parts = file
    .slice(-1024)
    .replace(/^[a-z][\w+.-]*:\/\/(?:[^/]*@)?[^/]*/iu, '')
    .replace(/[?#].*$/u, '')
    .split(/[\\/]+/u)
    .filter((part) => part !== '' && part !== '.' && part !== '..' && part !== '~');
  const start = rootOf(parts);
  const kept = start === -1 ? parts.slice(-1) : parts.slice(start).filter((part, index) => !isRoot(part, index));
  const name = (kept.length === 0 ? parts.slice(-1) : kept).join('/');
  return stripHashes(name.replace(EXTENSION, ''));
}

/** Index of the first part that counts; -1 when no part is a known root. */
function rootOf(parts: readonly string[]): number {
  const folders = parts.slice(0, -1);
  const workspace = folders.findLastIndex((part) => WORKSPACES.has(part));
  if (workspace !== -1) return workspace + 1;
  const root = folders.findLastIndex((part) => ROOTS.has(part));
  return root === -1 ? -1 : root + 1;
}

function isRoot(part: string, index: number): boolean {
  return index > 0 && ROOTS.has(part);
}

/** Removes what a bundler writes anew at every build: `index-BqX9a_3k`, `main.4fe2a1b9.chunk`, `chunk-123`. */
export function stripHashes(name: string): string {
  return name
    .replace(/\.(?:chunk|min|bundle|esm|umd|cjs)(?=$|\.)/gu, '')
    .replace(/[-.][\w-]{8}$/u, (hash) => (looksRandom(hash.slice(1)) ? '' : hash))
    .replace(/[-._](?:[0-9a-f]{6,40})(?=$|[-._])/giu, (hash) => (/\d/u.test(hash) ? '' : hash))
    .replace(/(^|[-./])\d+$/u, '$1#');
}

/** Words have no digits and no capitals inside; 8 random characters of base 64 nearly always do. */
function looksRandom(text: string): boolean {
  return /\d/u.test(text) || (/[A-Z]/u.test(text.slice(1)) && /[A-Z].*[A-Z]/u.test(text) && /[a-z]/u.test(text));
}

/** Whether a frame of JavaScript stands in minified code that no source map has moved: its names mean nothing. */
export function isMinified(frame: ErrorFrame, platform: string): boolean {
  if (!isJavaScript(platform) || frame.minified !== undefined) return false;
  if (/\.min\.[cm]?js(?:$|\?)/u.test(frame.file ?? '')) return true;
  return (frame.line ?? 0) <= 10 && (frame.column ?? 0) > 200;
}
