/** What the engine process is told at start, as JSON in its only argument. */
export interface EngineSettings {
  readonly dataPath: string;
  readonly spoolPath: string;
  readonly socketPath: string;
  readonly memoryLimitBytes: number;
}

/** What the engine process tells its parent. */
export type EngineMessage =
  | { readonly type: 'ready' }
  /** Answers any message of the parent: proof that the process is not stuck. */
  | { readonly type: 'alive' }
  /** Something on disk was damaged and has been dealt with before the engine opened it. */
  | { readonly type: 'mended'; readonly message: string }
  | { readonly type: 'failed'; readonly message: string };

/** Reads a message of the engine process; undefined for anything else on the channel. */
export function engineMessageOf(value: unknown): EngineMessage | undefined {
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  if (value.type === 'ready' || value.type === 'alive') return { type: value.type };
  if ((value.type === 'failed' || value.type === 'mended') && 'message' in value) {
    return { type: value.type, message: String(value.message) };
  }
  return undefined;
}
