/** One server-sent event. */
export interface StreamEvent {
  readonly type: string;
  readonly data: string;
}

/** What the parser found. A comment is a sign of life. */
export interface StreamListener {
  readonly onEvent: (event: StreamEvent) => void;
  readonly onComment: () => void;
  /** An event is larger than allowed; nothing more will be read. */
  readonly onTooLarge: () => void;
}

/** Feeds text into events, by the WHATWG rules for `text/event-stream`; ids and `retry` are ignored. */
export function createEventStreamParser(listener: StreamListener, maximumLength: number): (chunk: string) => void {
  let rest: string[] = [];
  let restLength = 0;
  let data: string[] = [];
  let dataLength = 0;
  let type = '';
  let isAfterReturn = false;
  let isFirst = true;
  let isOver = false;

  const dispatch = (): void => {
    if (data.length > 0) listener.onEvent({ type: type === '' ? 'message' : type, data: data.join('\n') });
    data = [];
    dataLength = 0;
    type = '';
  };
  const readLine = (line: string): void => {
    if (line === '') return dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return listener.onComment();
    const field = colon < 0 ? line : line.slice(0, colon);
    const start = line[colon + 1] === ' ' ? colon + 2 : colon + 1;
    const value = colon < 0 ? '' : line.slice(start);
    if (field === 'event') type = value;
    if (field !== 'data') return;
    data.push(value);
    dataLength += value.length;
  };

  return (chunk) => {
    if (isOver || chunk === '') return;
    let text = isFirst && chunk.startsWith('\uFEFF') ? chunk.slice(1) : chunk;
    isFirst = false;
    // The line feed of a CRLF that was cut in two.
    if (isAfterReturn && text.startsWith('\n')) text = text.slice(1);
    isAfterReturn = chunk.endsWith('\r');
    const lines = text.split(/\r\n|\n|\r/);
    const last = lines.pop() ?? '';
    for (const line of lines) {
      readLine(rest.length === 0 ? line : rest.join('') + line);
      rest = [];
      restLength = 0;
    }
    if (last !== '') rest.push(last);
    restLength += last.length;
    if (restLength + dataLength <= maximumLength) return;
    isOver = true;
    rest = [];
    data = [];
    listener.onTooLarge();
  };
}
