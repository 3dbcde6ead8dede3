/** A record's text and the place in the file behind it. */
export interface JoinedRecord {
  readonly text: string;
  readonly end: number;
}

/** Joins lines that belong together (a stack trace under its message) into one text. */
export interface RecordJoiner {
  /** Takes a line; returns the record before, if this line does not belong to it. */
  add(line: string, end: number): JoinedRecord | undefined;
  /** The record that nothing more is expected for. */
  flush(): JoinedRecord | undefined;
}

/** An indented line, or one that goes on with a stack trace in the ways of Java, Python, Ruby and Go. */
const CONTINUES =
  /^(?:\s+\S|(?:Caused by|Suppressed): |\.\.\. \d+ (?:more|common)|Traceback \(most|goroutine \d+ |created by |[\w.]+(?:Error|Exception)(?::|$)|During handling of the above|The above exception was|\}|\)|$)/;
const MOST_LINES = 500;
const MOST_CHARACTERS = 256 * 1024;

/** A joiner with nothing in it. */
export function createRecordJoiner(): RecordJoiner {
  let lines: string[] = [];
  let characters = 0;
  let lastEnd = 0;
  const flush = (): JoinedRecord | undefined => {
    if (lines.length === 0) return undefined;
    const text = lines.join('\n').trimEnd();
    lines = [];
    characters = 0;
    return { text, end: lastEnd };
  };
  return {
    add(line, end) {
      const hasRoom = lines.length < MOST_LINES && characters + line.length <= MOST_CHARACTERS;
      const belongs = lines.length > 0 && hasRoom && CONTINUES.test(line) && !line.startsWith('{');
      const before = belongs ? undefined : flush();
      lines.push(line);
      characters += line.length;
      lastEnd = end;
      return before;
    },
    flush,
  };
}
