/**
 * Whether this SQLite can lose commits in WAL mode: 3.7.0 to 3.51.2, but for the backports 3.44.6 and 3.50.7 and later
 * of those lines ("WAL-reset" bug, https://sqlite.org/wal.html, fixed 2026-03-13).
 */
export function canLoseCommits(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (major !== 3 || minor < 7 || minor > 51) return false;
  if (minor === 51) return patch <= 2;
  if (minor === 50) return patch < 7;
  if (minor === 44) return patch < 6;
  return true;
}

/** `3051002`, as in byte 96 of a database file, as text. */
export function versionOfNumber(number: number): string {
  return `${Math.floor(number / 1_000_000)}.${Math.floor(number / 1000) % 1000}.${number % 1000}`;
}
