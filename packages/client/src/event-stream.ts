/** One message of a server-sent event stream. */
export interface StreamMessage {
  readonly event: string;
  readonly data: string;
  readonly id: string | null;
}

/** Longest line accepted; what sends more is not Belay, and must not fill memory. */
const LINE_LIMIT = 8 * 1024 * 1024;

/** Reads server-sent events (WHATWG HTML, section 9.2) until the stream ends. */
export async function readEventStream(answer: Response, onMessage: (message: StreamMessage) => void): Promise<void> {
  if (answer.body === null) return;
  const parser = createEventParser(onMessage);
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(ignoreClosed);
  }
}

/** Parses text that arrives in any pieces. Lines end in LF, CR or CRLF. */
export function createEventParser(onMessage: (message: StreamMessage) => void): { push(text: string): void } {
  let rest = '';
  let event = '';
  let data: string[] = [];
  let id: string | null = null;
  const dispatch = (): void => {
    if (data.length > 0 || event !== '')
      onMessage({ event: event === '' ? 'message' : event, data: data.join('\n'), id });
    event = '';
    data = [];
  };
  const take = (line: string): void => {
    if (line === '') return dispatch();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) id = value;
  };
  return {
    push(text) {
      rest += text;
      // A CR at the very end may be half of a CRLF: it waits for what follows.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      if (rest.length > LINE_LIMIT) throw new TypeError('a line of the event stream is too long');
      for (const line of lines) take(line);
    },
  };
}

/** Cancelling a stream that broke rejects with the reason that the reader has thrown already. */
function ignoreClosed(): void {}
