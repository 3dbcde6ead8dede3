import type { ExceptionView, IssueDetail, StackFrame } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';

/** Prints one error with the stack of its newest event. */
export async function errorsShow(run: Run, _flags: CommonFlags, id: string): Promise<ExitCode> {
  const api = await run.api();
  const issue = await api.call('issueGet', { params: { id } });
  run.output.answer(issue, () => textOf(issue).join('\n'));
  return exitCode.done;
}

function textOf(issue: IssueDetail): string[] {
  const facts = [
    `E-${issue.number} in ${issue.service}: ${issue.state}`,
    issue.title,
    issue.stateSentence,
    `${Math.round(issue.eventsTotal)} events, ${issue.users} users; first ${timeOf(issue.firstSeen)}, last ${timeOf(issue.lastSeen)}`,
    issue.firstRelease === '' ? '' : `releases ${issue.firstRelease} to ${issue.lastRelease}`,
    issue.spike?.sentence ?? '',
    issue.onlyOnNewPath?.sentence ?? '',
  ];
  const stack = (issue.latest?.exceptions ?? []).flatMap((exception, index) => ['', ...stackOf(exception, index)]);
  const note = issue.latest?.sourceMapNote ?? '';
  return [...facts.filter((line) => line !== ''), ...stack, ...(note === '' ? [] : ['', note])];
}

function stackOf({ type, value, frames }: ExceptionView, index: number): string[] {
  const head = `${index === 0 ? '' : 'caused by '}${type}: ${value.split('\n', 1)[0] ?? ''}`;
  const own = frames.filter(({ inApp }) => inApp);
  return [head, ...(own.length === 0 ? frames : own).slice(0, 12).map(frameText)];
}

function frameText({ function: name, module, file, line }: StackFrame): string {
  return `    ${name ?? '(anonymous)'}  ${file ?? module ?? '?'}${line === null ? '' : `:${line}`}`;
}

function timeOf(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}
