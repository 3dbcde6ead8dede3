import { format } from 'node:util';
import type { Logger } from 'pino';

/** Which of pino's levels a console method speaks at. */
const METHODS = {
  log: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
  debug: 'debug',
  trace: 'trace',
} as const;

/**
 * Lets every `console.*` call print exactly as before, then adds a record to the logger that `loggerNow` names.
 * A record that cannot be made never disturbs the print. Returns how to stop.
 */
export function captureConsole(target: Console, loggerNow: () => Logger): () => void {
  const replaced: (() => void)[] = [];
  let isRecording = false;
  for (const [method, level] of Object.entries(METHODS)) {
    const name = method as keyof typeof METHODS;
    const original = target[name];
    const wrapper = (...values: unknown[]): void => {
      original.apply(target, values);
      // A stream of pino may print a warning itself; that print must not ask for a record again.
      if (isRecording) return;
      isRecording = true;
      try {
        record(loggerNow(), level, values);
      } catch {
        // Printing has worked as ever; a value whose own text throws has no record.
      } finally {
        isRecording = false;
      }
    };
    target[name] = wrapper;
    replaced.push(() => {
      // Somebody who wrapped the console after us keeps their wrapper.
      if (target[name] === wrapper) target[name] = original;
    });
  }
  return () => {
    for (const restore of replaced.splice(0)) restore();
  };
}

function record(logger: Logger, level: (typeof METHODS)[keyof typeof METHODS], values: readonly unknown[]): void {
  const error = values.find((value) => value instanceof Error);
  const facts = { 'log.origin': 'console', ...(error === undefined ? {} : { err: error }) };
  logger[level](facts, format(...values));
}
