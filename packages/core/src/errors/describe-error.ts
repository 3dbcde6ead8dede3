import { functionName } from './frame-name.ts';
import { isInApp } from './in-app.ts';
import type { ErrorEvent, ErrorFrame } from './types.ts';

/** How an event is called in lists. */
export interface ErrorDescription {
  /** `TypeError: x is not a function`, at most 300 characters. */
  readonly title: string;
  readonly type: string;
  readonly value: string;
  /** Innermost frame of the app's own code; of any code when none is. */
  readonly culprit: ErrorFrame | undefined;
  /** `false` when nothing caught it; undefined when unknown. */
  readonly handled: boolean | undefined;
}

const TITLE = 300;

/** Names an event after what was thrown, or after its message. */
export function describeError(event: ErrorEvent): ErrorDescription {
  const [thrown] = event.exceptions;
  const culprit = culpritOf(event);
  if (thrown === undefined || thrown.synthetic === true) {
    const value = firstLine(event.message || thrown?.value || '(no message)');
    const type = (culprit === undefined ? '' : functionName(culprit, event.platform)) || 'Message';
    return { title: value.slice(0, TITLE), type, value, culprit, handled: thrown?.handled };
  }
  const value = firstLine(thrown.value);
  const title = value === '' ? thrown.type : `${thrown.type}: ${value}`;
  return { title: title.slice(0, TITLE), type: thrown.type, value, culprit, handled: thrown.handled };
}

/** The innermost frame of the app itself: of what was thrown, else of its causes. */
function culpritOf({ exceptions, platform }: ErrorEvent): ErrorFrame | undefined {
  for (const { frames } of exceptions) {
    const own = frames.find((frame) => isInApp(frame, platform));
    if (own !== undefined) return own;
  }
  return exceptions[0]?.frames[0];
}

function firstLine(text: string): string {
  return (text.trim().split('\n', 1)[0] ?? '').slice(0, 1000);
}
