import { randomUUID } from 'node:crypto';
import { BelayError, isBelayError } from '@belay/core';
import type { SafetyOperation, SafetyStep } from '@belay/protocol';
import type { Log } from '../../platform/log/log.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import type { WorkProgress } from './work/work-jobs.ts';

/** One operation while it runs. */
export interface RunningOperation {
  readonly id: string;
  readonly by: string;
  readonly signal: AbortSignal;
  /** Runs a step that is written down before and after, so that a crash leaves a trace of how far it came. */
  step<T>(name: string, run: () => Promise<T>, detail?: (result: T) => string | null): Promise<T>;
  /** Notes the backup that the operation is about once it is known. */
  about(backup: string): Promise<void>;
  onProgress(progress: WorkProgress): void;
}

export interface StartOperation {
  readonly kind: SafetyOperation['kind'];
  readonly source: string | null;
  readonly backup?: string | null;
  readonly by: string;
  /** Continues an operation of an earlier process under its id. */
  readonly resumes?: SafetyOperation | undefined;
  /** Answers what came of it in a sentence. */
  readonly run: (operation: RunningOperation) => Promise<string>;
}

/** Operations run one after another: two cores and one disk do not get faster by two copies at once. */
export interface Operations {
  start(request: StartOperation): Promise<SafetyOperation>;
  /** Resolves when it has ended, however it ended. */
  ended(id: string): Promise<SafetyOperation>;
  running(): readonly SafetyOperation[];
  find(id: string): Promise<SafetyOperation | undefined>;
  close(): Promise<void>;
}

interface OperationsOptions {
  readonly catalogue: Catalogue;
  readonly clock: { now(): number };
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
}

const MOST_WAITING = 50;

export function createOperations({ catalogue, clock, log }: OperationsOptions): Operations {
  const live = new Map<string, { view: SafetyOperation; readonly ended: Promise<SafetyOperation> }>();
  const stop = new AbortController();
  let queue: Promise<unknown> = Promise.resolve();

  const save = async (id: string, change: Partial<SafetyOperation>): Promise<SafetyOperation> => {
    const entry = live.get(id);
    if (entry === undefined) throw new BelayError('backup.failed', 'The operation has ended.');
    entry.view = { ...entry.view, ...change };
    await catalogue.saveOperation(entry.view);
    return entry.view;
  };

  const runOne = async (id: string, request: StartOperation): Promise<SafetyOperation> => {
    const write = { save: (change: Partial<SafetyOperation>) => save(id, change), view: () => live.get(id)?.view };
    try {
      stop.signal.throwIfAborted();
      await write.save({ state: 'running' });
      const result = await request.run(createRunning({ id, request, clock, signal: stop.signal, ...write }));
      return await write.save({ state: 'done', endedAt: clock.now(), progress: null, result });
    } catch (error) {
      const failure = failureOf(error);
      if (stop.signal.aborted)
        return await write.save({ state: 'interrupted', endedAt: clock.now(), progress: null, failure });
      log.warn({ err: error, operation: id, kind: request.kind, source: request.source }, 'data safety: failed');
      return await write.save({ state: 'failed', endedAt: clock.now(), progress: null, failure });
    } finally {
      live.delete(id);
    }
  };

  return {
    async start(request) {
      if (live.size >= MOST_WAITING)
        throw new BelayError('backup.busy', `${live.size} operations wait already.`, {
          hint: 'Wait until some have ended: GET /api/v1/safety/operations',
        });
      const view = newView(request, clock.now());
      await catalogue.saveOperation(view);
      const { promise, resolve, reject } = Promise.withResolvers<SafetyOperation>();
      // Whoever waits sees the failure of the catalogue itself; nobody has to wait.
      promise.catch((err: unknown) => log.error({ err }, 'an operation could not be written down'));
      live.set(view.id, { view, ended: promise });
      queue = queue.then(() => runOne(view.id, request)).then(resolve, reject);
      return view;
    },
    async ended(id) {
      const entry = live.get(id);
      if (entry !== undefined) return entry.ended;
      const found = (await catalogue.operations()).find((operation) => operation.id === id);
      if (found === undefined) throw new BelayError('backup.not-found', `There is no operation ${id}.`);
      return found;
    },
    running: () => [...live.values()].map(({ view }) => view),
    async find(id) {
      return live.get(id)?.view ?? (await catalogue.operations()).find((operation) => operation.id === id);
    },
    async close() {
      stop.abort(new BelayError('backup.failed', 'Belay was stopped.', { hint: 'It goes on at the next start.' }));
      await queue;
    },
  };
}

function newView({ kind, source, backup, by, resumes }: StartOperation, now: number): SafetyOperation {
  return {
    id: resumes?.id ?? randomUUID(),
    kind,
    source,
    backup: backup ?? resumes?.backup ?? null,
    state: 'waiting',
    by,
    startedAt: resumes?.startedAt ?? now,
    endedAt: null,
    steps: resumes?.steps.filter(({ state }) => state === 'done') ?? [],
    progress: null,
    failure: null,
    result: null,
  };
}

interface Running {
  readonly id: string;
  readonly request: StartOperation;
  readonly clock: { now(): number };
  readonly signal: AbortSignal;
  readonly save: (change: Partial<SafetyOperation>) => Promise<SafetyOperation>;
  readonly view: () => SafetyOperation | undefined;
}

function createRunning({ id, request, clock, signal, save, view }: Running): RunningOperation {
  let progress: number | null = null;
  const steps = (): readonly SafetyStep[] => view()?.steps ?? [];
  const endStep = (at: number, change: Partial<SafetyStep>): Promise<SafetyOperation> =>
    save({ progress: null, steps: steps().map((step, index) => (index === at ? { ...step, ...change } : step)) });
  return {
    id,
    by: request.by,
    signal,
    async step(name, run, detail = () => null) {
      signal.throwIfAborted();
      const at = steps().length;
      const started = performance.now();
      const opened: SafetyStep = { name, state: 'running', startedAt: clock.now(), ms: null, detail: null };
      await save({ progress: null, steps: [...steps(), opened] });
      const ms = (): number => Math.round(performance.now() - started);
      try {
        const result = await run();
        await endStep(at, { state: 'done', ms: ms(), detail: detail(result) });
        return result;
      } catch (error) {
        await endStep(at, { state: 'failed', ms: ms(), detail: failureOf(error).message });
        throw error;
      }
    },
    about: async (backup) => void (await save({ backup })),
    onProgress({ done, total }) {
      progress = total > 0 ? Math.min(1, done / total) : null;
      const shown = view();
      // Only in memory: written down with the next step.
      if (shown !== undefined) Object.assign(shown, { progress });
    },
  };
}

export function failureOf(error: unknown): NonNullable<SafetyOperation['failure']> {
  if (isBelayError(error)) return { code: error.code, message: error.message, hint: error.hint ?? null };
  return { code: 'backup.failed', message: error instanceof Error ? error.message : String(error), hint: null };
}
