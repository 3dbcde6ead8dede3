import { setTimeout as delay } from 'node:timers/promises';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

/** A control group that a container of that much memory would be. */
export interface MemoryGroup {
  /** Command and arguments that run a program inside. */
  inside(command: readonly string[]): readonly string[];
  /** Most that was counted, mapped files included, in bytes. */
  peakBytes(): number;
  close(): Promise<void>;
}

/** Makes a group with a hard limit; undefined where that is not allowed. */
export function createMemoryGroup(name: string, limitBytes: number): MemoryGroup | undefined {
  const isOld = existsSync('/sys/fs/cgroup/memory');
  const folder = `/sys/fs/cgroup/${isOld ? 'memory/' : ''}${name}`;
  try {
    mkdirSync(folder);
    writeFileSync(`${folder}/${isOld ? 'memory.limit_in_bytes' : 'memory.max'}`, String(limitBytes));
  } catch {
    if (existsSync(folder)) rmdirSync(folder);
    return undefined;
  }
  const peakFile = `${folder}/${isOld ? 'memory.max_usage_in_bytes' : 'memory.peak'}`;
  return {
    inside: (command) => ['sh', '-c', 'echo $$ > "$0/cgroup.procs"; exec "$@"', folder, ...command],
    peakBytes: () => (existsSync(peakFile) ? Number(readFileSync(peakFile, 'utf8')) : 0),
    // The engine ends a moment after the server.
    async close() {
      while (readFileSync(`${folder}/cgroup.procs`, 'utf8') !== '') await delay(50);
      rmdirSync(folder);
    },
  };
}
