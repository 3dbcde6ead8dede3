import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

const MEBIBYTE = 2 ** 20;
/**
 * What the engine counts itself: its process has some 60 MB beside it, and the server takes up to 200. With 305 MB one
 * heavy question beside full ingest ended the engine in a control group of 512 MB (bench/small-memory.ts).
 */
const FIRST_MB = 512;
const FIRST_ENGINE_MB = 220;
const MOST_ENGINE_MB = 1024;

/** Memory for queries and merges of the embedded engine, from what the whole server may use. */
export function engineMemory(memoryMb: number | null, available: number = availableBytes()): number {
  const whole = memoryMb ?? available / MEBIBYTE;
  // Of what goes beyond the smallest container half is the engine's; the smallest engine still runs, slowly.
  const share = whole <= FIRST_MB ? (FIRST_ENGINE_MB * whole) / FIRST_MB : FIRST_ENGINE_MB + (whole - FIRST_MB) / 2;
  const most = memoryMb === null ? MOST_ENGINE_MB : Number.POSITIVE_INFINITY;
  return Math.floor(Math.min(most, Math.max(180, share)) * MEBIBYTE);
}

/** What the container (control group) allows, or the machine has. */
function availableBytes(): number {
  const limits = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'].flatMap((file) => {
    try {
      const limit = Number(readFileSync(file, 'utf8').trim());
      return Number.isFinite(limit) ? [limit] : [];
    } catch {
      // Not every system has control groups, and the file of the other version is missing.
      return [];
    }
  });
  return Math.min(totalmem(), ...limits);
}
