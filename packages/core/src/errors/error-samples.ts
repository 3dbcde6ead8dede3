import type { ErrorEvent, ErrorException, ErrorFrame } from './types.ts';

/** An event with what a test does not care about filled in. */
export function errorEvent(change: Partial<ErrorEvent> = {}): ErrorEvent {
  return {
    eventId: '0123456789abcdef0123456789abcdef',
    timeMs: 1_800_000_000_000,
    level: 'error',
    platform: 'node',
    message: '',
    template: '',
    logger: '',
    transaction: '',
    release: '',
    environment: 'production',
    dist: '',
    service: 'shop',
    instance: 'i-1',
    sdk: '',
    exceptions: [],
    breadcrumbs: [],
    tags: {},
    contexts: {},
    flags: {},
    user: '',
    fingerprint: [],
    traceId: '',
    spanId: '',
    debugImages: [],
    ...change,
  };
}

export function thrown(
  type: string,
  frames: readonly ErrorFrame[],
  change: Partial<ErrorException> = {},
): ErrorException {
  return { type, value: 'boom', frames, ...change };
}

export function frame(file: string, name: string, line = 10, column = 5): ErrorFrame {
  return { file, function: name, line, column };
}
