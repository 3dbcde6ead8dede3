import type { ErrorFrame } from '@belay/core/errors';

/** How one language prints stacks. */
export interface FrameReader {
  readonly platform: string;
  /** Whether the innermost call is printed last, and the exception after its frames. */
  readonly isOutermostFirst: boolean;
  /** The frame of a line (and, where frames take two lines, of the next one). */
  frame(line: string, next: string | undefined): ErrorFrame | undefined;
  /** Type and message of a line that begins (or ends) an exception. */
  header(line: string): { readonly type: string; readonly value: string } | undefined;
  /** Whether a line separates two exceptions. */
  isBreak?(line: string): boolean;
}

function numberOf(text: string | undefined): number | undefined {
  const value = Number(text);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

const TYPED =
  /^([A-Za-z_$][\w$.:]*(?:Error|Exception|Throwable|Failure|Warning|Exit|Interrupt|Timeout|Rejection|Abort|Panic)?\w*)(?:: (.*))?$/u;

function typed(line: string): { type: string; value: string } | undefined {
  const match = TYPED.exec(line);
  return match === null ? undefined : { type: match[1] ?? '', value: match[2] ?? '' };
}

const V8_FRAME = /^\s*at (?:(async )?(.+?) \()?((?:[a-z][\w+.-]*:)?[^()]*?|<anonymous>|native|.*?):(\d+):(\d+)\)?$/iu;

const v8: FrameReader = {
  platform: 'node',
  isOutermostFirst: false,
  frame(line) {
    if (!/^\s*at /u.test(line) || line.length > 1000) return undefined;
    const match = V8_FRAME.exec(line);
    if (match === null) return undefined;
    const [, , name, file, row, column] = match;
    // A nameless call after an await is printed without parentheses: `at async file:///app/a.js:1:2`.
    const place = file?.replace(/^async /u, '');
    return { function: name, file: place, line: numberOf(row), column: numberOf(column) };
  },
  header(line) {
    const cause = /^\s*(?:\[cause\]: |\[errors\]: \[?)(.*)$/u.exec(line);
    if (cause !== null) return typed((cause[1] ?? '').trim()) ?? { type: 'Error', value: cause[1] ?? '' };
    return /^\s/u.test(line) ? undefined : typed(line.replace(/ \{$/u, '').replace(/^Uncaught /u, ''));
  },
};

const GECKO_FRAME = /^(.*?)@((?:https?|file|webpack|moz-extension|app):\S*?|[^@\s]*\.[cm]?js\S*?):(\d+)(?::(\d+))?$/u;

const gecko: FrameReader = {
  platform: 'javascript',
  isOutermostFirst: false,
  frame(line) {
    const match = GECKO_FRAME.exec(line.trim());
    if (match === null) return undefined;
    return { function: match[1] || undefined, file: match[2], line: numberOf(match[3]), column: numberOf(match[4]) };
  },
  header: typed,
};

const python: FrameReader = {
  platform: 'python',
  isOutermostFirst: true,
  frame(line) {
    const match = /^\s*(?:\|\s*)?File "([^"]*)", line (\d+)(?:, in (.*))?$/u.exec(line);
    return match === null ? undefined : { file: match[1], line: numberOf(match[2]), function: match[3] };
  },
  header: (line) => (/^(?:Traceback|During|The above)/u.test(line) || /^\s/u.test(line) ? undefined : typed(line)),
  isBreak: (line) => /^(?:Traceback \(most recent|During handling of|The above exception)/u.test(line),
};

const JAVA_FRAME = /^\s*at (?:[\w.@-]*\/{1,2})*([\w$.<>/-]+)\.([\w$<>-]+)\(([^()]*?)(?::(\d+))?\)(?: ~?\[.*\])?$/u;

const java: FrameReader = {
  platform: 'java',
  isOutermostFirst: false,
  frame(line) {
    const match = JAVA_FRAME.exec(line);
    // .NET prints parameters where Java prints a file.
    if (
      match === null ||
      !/^(?:[\w$-]+\.(?:java|kt|scala|groovy|clj)|Native Method|Unknown Source|<generated>)$/u.test(match[3] ?? '')
    ) {
      return undefined;
    }
    const file = / /u.test(match[3] ?? ' ') ? undefined : match[3];
    return { module: match[1], function: match[2], file, line: numberOf(match[4]) };
  },
  header: (line) => typed(line.replace(/^(?:Caused by: |Exception in thread "[^"]*" )/u, '').trim()),
};

const DOTNET_FRAME = /^\s*at ([\w.`+<>[\],$|-]+)\.([\w`<>|$[\],]+|\.c?ctor)\((.*?)\)(?: in (.*):line (\d+))?$/u;

const dotnet: FrameReader = {
  platform: 'csharp',
  isOutermostFirst: false,
  frame(line) {
    const match = DOTNET_FRAME.exec(line);
    if (match === null) return undefined;
    return { module: match[1], function: match[2], file: match[4], line: numberOf(match[5]) };
  },
  header: (line) =>
    typed(
      line
        .replace(/^\s*---> /u, '')
        .trim()
        .replace(/^(.*?) ---> .*$/u, '$1'),
    ),
};

const go: FrameReader = {
  platform: 'go',
  isOutermostFirst: false,
  frame(line, next) {
    if (/^\s/u.test(line) || next === undefined) return undefined;
    const place = /^\s+(\S+\.(?:go|s)):(\d+)(?: \+0x[0-9a-f]+)?$/u.exec(next);
    if (place === null) return undefined;
    const name = line
      .replace(/^created by /u, '')
      .replace(/ in goroutine \d+$/u, '')
      .replace(/\([^()]*\)$/u, '');
    const slash = name.lastIndexOf('/');
    const dot = name.indexOf('.', slash + 1);
    if (dot === -1) return undefined;
    return { module: name.slice(0, dot), function: name.slice(dot + 1), file: place[1], line: numberOf(place[2]) };
  },
  header(line) {
    const match = /^panic: (.*?)(?: \[recovered\])?$/u.exec(line);
    return match === null ? undefined : { type: 'panic', value: match[1] ?? '' };
  },
};

const ruby: FrameReader = {
  platform: 'ruby',
  isOutermostFirst: false,
  frame(line) {
    const match = /^\s*(?:from )?(.+?):(\d+):in [`'](.*?)'(?:: .*)?$/u.exec(line);
    return match === null ? undefined : { file: match[1], line: numberOf(match[2]), function: match[3] };
  },
  header(line) {
    const match = /^(.*) \(([A-Z][\w:]*)\)$/u.exec(line);
    return match === null ? undefined : { type: match[2] ?? '', value: match[1] ?? '' };
  },
};

const php: FrameReader = {
  platform: 'php',
  isOutermostFirst: false,
  frame(line) {
    const match = /^#\d+ (?:(.+?)\((\d+)\)|\[internal function\]): (.*?)\(.*\)$/u.exec(line);
    return match === null ? undefined : { file: match[1], line: numberOf(match[2]), function: match[3] };
  },
  header: (line) => typed(line.replace(/^(?:PHP )?Fatal error:\s+Uncaught /u, '').replace(/ in \S+:\d+$/u, '')),
};

/** Most specific first: the first whose frames are found in a text reads it. */
export const frameReaders: readonly FrameReader[] = [python, java, go, ruby, php, v8, dotnet, gecko];
