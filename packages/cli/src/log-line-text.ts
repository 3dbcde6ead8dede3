import type { LogLine } from '@belay/protocol';
import type { Output, Style } from './output.ts';

const COLOURS: Readonly<Partial<Record<string, Style>>> = {
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
  debug: 'dim',
  trace: 'dim',
};
const LEVEL_WIDTH = 5;

/** A log line for a terminal: time, level, service, text, then its attributes. */
export function logLineText(line: LogLine, output: Output): string {
  const time = new Date(line.at).toISOString();
  const level = (line.level ?? '').padEnd(LEVEL_WIDTH);
  const colour = COLOURS[line.level ?? ''];
  const attributes = Object.entries(line.attributes)
    .map(([name, value]) => `${name}=${/[\s"]/.test(value) ? JSON.stringify(value) : value}`)
    .join(' ');
  const rest = line.bodyRest > 0 ? ` ... ${line.bodyRest} more characters` : '';
  const trace = line.traceId === null ? '' : ` trace=${line.traceId}`;
  const about = `${attributes}${trace}`.trim();
  return [
    output.paint('dim', time),
    colour === undefined ? level : output.paint(colour, level),
    output.paint('bold', line.service),
    `${printable(line.body)}${rest}`,
    ...(about === '' ? [] : [output.paint('dim', printable(about))]),
  ].join(' ');
}

/** What a service logged must not steer the terminal of who reads it. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\t\n]/gu, '\uFFFD');
}
