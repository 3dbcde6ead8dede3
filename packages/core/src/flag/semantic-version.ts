/** A semantic version; build metadata is dropped, for it has no part in precedence. */
export interface SemanticVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly prerelease: readonly (string | number)[];
}

/**
 * Reads a version as flagd does: `v` in front, a missing minor or patch and a number instead of a string are
 * understood. `undefined` for anything else. Follows semver.org 2.0.0.
 */
export function parseVersion(raw: unknown): SemanticVersion | undefined {
  const text = String(raw).replace(/^[vV]/, '').trim();
  if (text.length > maximumLength) return undefined;
  const parts = full.exec(text) ?? partial.exec(text);
  if (parts === null) return undefined;
  const [, major, minor = '0', patch = '0', prerelease] = parts;
  const version = { major: Number(major), minor: Number(minor), patch: Number(patch) };
  if (![version.major, version.minor, version.patch].every(Number.isSafeInteger)) return undefined;
  return { ...version, prerelease: prerelease === undefined ? [] : prerelease.split('.').map(readIdentifier) };
}

/** Precedence of two versions by semver.org section 11: negative, zero or positive. */
export function compareVersions(left: SemanticVersion, right: SemanticVersion): number {
  return (
    left.major - right.major ||
    left.minor - right.minor ||
    left.patch - right.patch ||
    comparePrereleases(left.prerelease, right.prerelease)
  );
}

/** Longer versions are refused, as npm's semver does. */
const maximumLength = 256;
const number = '(0|[1-9]\\d{0,15})';
const identifier = '(?:0|[1-9]\\d*|\\d*[a-zA-Z-][a-zA-Z0-9-]*)';
const full = new RegExp(
  `^v?${number}\\.${number}\\.${number}(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);
const partial = new RegExp(`^${number}(?:\\.${number})?$`);

function readIdentifier(text: string): string | number {
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : text;
}

function comparePrereleases(left: readonly (string | number)[], right: readonly (string | number)[]): number {
  // A version without a pre-release comes after all of its pre-releases.
  if (left.length === 0 || right.length === 0) return right.length - left.length;
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const order = compareIdentifiers(left[index], right[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function compareIdentifiers(left: string | number | undefined, right: string | number | undefined): number {
  if (left === right) return 0;
  if (left === undefined) return -1;
  if (right === undefined) return 1;
  if (typeof left === 'number') return typeof right === 'number' ? left - right : -1;
  if (typeof right === 'number') return 1;
  return left < right ? -1 : 1;
}
