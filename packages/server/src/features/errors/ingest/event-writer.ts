import type { ErrorEvent } from '@belay/core/errors';
import type { RequestMark, TelemetryStore, WriteRequest } from '../../telemetry/api.ts';
import { errorRows } from './error-rows.ts';
import type { EventMemory, EventSource } from './event-memory.ts';
import type { EventPreparer } from './event-preparer.ts';
import type { RunningPaths } from './running-paths.ts';

export interface EventWriterOptions {
  readonly store: Pick<TelemetryStore, 'write'>;
  readonly memory: EventMemory;
  readonly preparer: EventPreparer;
  readonly paths: RunningPaths;
  /** Called once events are stored. */
  readonly onStored: () => void;
}

export interface EventWrite {
  readonly project: string;
  readonly source: EventSource;
  readonly mark: RequestMark;
}

/** What became of the events of a request. */
export interface EventOutcome {
  readonly stored: 'stored' | 'duplicate';
  readonly events: number;
  /** Events that had been told before. */
  readonly duplicates: number;
}

export interface EventWriter {
  /** Stores events together with what else the request brings; resolves once everything survives a crash. */
  write(events: readonly ErrorEvent[], content: WriteRequest, write: EventWrite): Promise<EventOutcome>;
}

export function createEventWriter({ store, memory, preparer, paths, onStored }: EventWriterOptions): EventWriter {
  return {
    async write(events, content, { project, source, mark }) {
      if (events.length === 0) return { stored: await store.write(content, mark), events: 0, duplicates: 0 };
      await paths.refresh();
      const { rows, tellings, pending, duplicates } = await preparer.prepare(events, { project, source });
      const sets = rows.length === 0 ? content.rows : [...content.rows, errorRows(rows)];
      const writing = store.write({ ...content, rows: sets }, mark);
      memory.claim(
        tellings,
        writing.then(() => {}),
      );
      const stored = await writing;
      // What somebody else is storing just now is acknowledged when that has worked.
      await Promise.all(pending);
      if (rows.length > 0) onStored();
      return { stored, events: rows.length, duplicates };
    },
  };
}
