import { once } from 'node:events';
import path from 'node:path';

/** A file of records that begins anew each day. */
export interface RollingFile {
  /** Takes one line with its line feed; it has been handed to the kernel when the call returns. Never throws. */
  write(line: string): void;
  /** Lines that could neither be written nor buffered. */
  lost(): number;
  close(): Promise<void>;
}

/** Where a file is and how careful it is. */
export interface RollingFileOptions {
  readonly directory: string;
  readonly name: string;
  /** Wait for the disk with each line. */
  readonly isSynced: boolean;
  readonly warn: (message: string) => void;
}

/** Bytes that wait in memory while the disk refuses them. */
const BUFFER_BYTES = 4 * 1024 * 1024;

/** Opens `name.YYYY-MM-DD.N.log` in the folder, and the next one at each midnight of local time. */
export async function openRollingFile(options: RollingFileOptions): Promise<RollingFile> {
  const { directory, name, isSynced, warn } = options;
  const { default: roll } = await import('pino-roll');
  const stream = await roll({
    file: path.join(directory, name),
    extension: '.log',
    dateFormat: 'yyyy-MM-dd',
    frequency: 'daily',
    mkdir: true,
    mode: 0o640,
    // A line that was logged before a crash is the one that tells why, so it does not wait in memory.
    sync: true,
    fsync: isSynced,
    maxLength: BUFFER_BYTES,
  });
  let lost = 0;
  let isClosed = false;
  stream.on('drop', () => {
    lost += 1;
  });
  stream.on('error', (error) => warn(`the log file of "${name}" cannot be written: ${error.message}`));
  return {
    write(line) {
      try {
        if (isClosed) lost += 1;
        else stream.write(line);
      } catch (error) {
        lost += 1;
        warn(`the log file of "${name}" cannot be written: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
    lost: () => lost,
    async close() {
      if (isClosed) return;
      isClosed = true;
      // What a full disk still refuses would keep the file open for ever; `once` rejects on its error.
      const closed = once(stream, 'close').catch(() => stream.destroy());
      stream.end();
      await closed;
    },
  };
}
