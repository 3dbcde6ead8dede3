import type { IssueListQuery, IssueSummary } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Run } from '../run.ts';
import { formatTable } from '../table.ts';
import type { ListFlags } from './rollout-list.ts';

export interface ErrorsListFlags extends ListFlags {
  readonly state: IssueListQuery['state'];
  readonly sort: IssueListQuery['sort'];
  readonly service?: string;
  readonly search?: string;
  readonly since?: string;
}

/** Lists errors, grouped. */
export async function errorsList(run: Run, flags: ErrorsListFlags): Promise<ExitCode> {
  const api = await run.api();
  const { limit, state, sort } = flags;
  const chosen = { service: flags.service, search: flags.search, since: flags.since };
  const given = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
  const page = await api.call('issueList', { query: { limit, state, sort, ...given } });
  run.output.answer(page, () => {
    if (page.items.length === 0) return 'No errors in the last 24 hours.';
    return formatTable(['', 'events', 'users', 'service', 'error', 'where', ''], page.items.map(rowOf));
  });
  return exitCode.done;
}

function rowOf(issue: IssueSummary): string[] {
  const { culprit } = issue;
  const where = culprit?.file == null ? '' : `${culprit.file}${culprit.line === null ? '' : `:${culprit.line}`}`;
  const marks = [
    issue.state === 'unresolved' ? '' : issue.state,
    issue.isNew ? 'new' : '',
    issue.spike === null ? '' : 'spiking',
    issue.onlyOnNewPath === null ? '' : 'only on the new path',
  ];
  return [
    `E-${issue.number}`,
    String(Math.round(issue.events)),
    String(issue.users),
    issue.service,
    issue.title.slice(0, 80),
    where,
    marks.filter((mark) => mark !== '').join(', '),
  ];
}
