import { styleText } from 'node:util';
import { docsPathOf, type FailureFacts } from './failure.ts';

export type Style = Parameters<typeof styleText>[0];

/** The one place that prints. stdout carries the answer and nothing else; everything beside it goes to stderr. */
export interface Output {
  readonly isJson: boolean;
  /** Whether a person watches stdout. */
  readonly isInteractive: boolean;
  /** The answer: one JSON document, or the text for people. Call it once. */
  answer(document: unknown, text: () => string): void;
  /** A line of a running answer (progress of a watch): people only; JSON waits for the end. */
  line(text: string): void;
  /** Repaints the last block of lines; only on a terminal. */
  repaint(text: string): void;
  /** A remark beside the answer: stderr, only on a terminal. */
  notice(text: string): void;
  failure(facts: FailureFacts): void;
  paint(style: Style, text: string): string;
}

interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

interface OutputParts {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly isJson: boolean;
  readonly hasColour: boolean;
}

/** Creates the output of one command. */
export function createOutput({ stdout, stderr, isJson, hasColour }: OutputParts): Output {
  const isInteractive = stdout.isTTY === true && !isJson;
  let paintedLines = 0;

  const paint = (style: Style, text: string): string =>
    hasColour && isInteractive ? styleText(style, text, { validateStream: false }) : text;

  function repaint(text: string): void {
    if (!isInteractive) return;
    const up = paintedLines === 0 ? '' : `\u001B[${paintedLines}A\u001B[0J`;
    stdout.write(`${up}${text}\n`);
    paintedLines = text.split('\n').length;
  }

  function failure(facts: FailureFacts): void {
    if (isJson) stdout.write(`${JSON.stringify({ error: { ...facts, docs: docsPathOf(facts.code) } })}\n`);
    stderr.write(`${failureLines(facts).join('\n')}\n`);
  }

  return {
    isJson,
    isInteractive,
    answer: (document, text) => void stdout.write(isJson ? `${JSON.stringify(document)}\n` : `${text()}\n`),
    line: (text) => {
      if (!isJson) stdout.write(`${text}\n`);
    },
    repaint,
    notice: (text) => {
      if (stderr.isTTY === true) stderr.write(`${text}\n`);
    },
    failure,
    paint,
  };
}

/** The four lines; further issues of the same input stand under the second. */
export function failureLines(facts: FailureFacts): readonly string[] {
  const issues = (facts.issues ?? []).map(({ path, message }) => `       ${path === '' ? '' : `${path}: `}${message}`);
  return [
    `belay: ${facts.what}`,
    `  why: ${facts.why}`,
    ...issues,
    `  fix: ${facts.fix}`,
    `  see: belay explain ${facts.code}  (${docsPathOf(facts.code)})`,
  ];
}
