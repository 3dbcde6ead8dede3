import type { IssueSummary, Tone } from '@belay/protocol';
import type { JSX } from 'preact';
import { Icon, type IconName } from '../parts/icon.tsx';

interface Tag {
  readonly text: string;
  readonly tone: Tone;
  readonly icon: IconName;
}

/** What stands out about an error, most urgent first; nothing for an old one that goes on as ever. */
function tagsOf(issue: IssueSummary): readonly Tag[] {
  const tags: (Tag | null)[] = [
    issue.onlyOnNewPath === null ? null : { text: 'Only on the new path', tone: 'bad', icon: 'octagon' },
    issue.state === 'regressed' ? { text: 'Came back', tone: 'bad', icon: 'back' } : null,
    issue.spike === null ? null : { text: 'Many more than usual', tone: 'bad', icon: 'up' },
    issue.isNew ? { text: 'New', tone: 'live', icon: 'play' } : null,
    issue.state === 'resolved' ? { text: 'Resolved', tone: 'ok', icon: 'check' } : null,
    issue.state === 'ignored' ? { text: 'Ignored', tone: 'none', icon: 'pause' } : null,
  ];
  return tags.filter((tag) => tag !== null);
}

export function IssueTags({ issue }: { readonly issue: IssueSummary }): JSX.Element {
  return (
    <>
      {tagsOf(issue).map((tag) => (
        <span key={tag.text} className={`pill ${tag.tone}`}>
          <Icon name={tag.icon} />
          {tag.text}
        </span>
      ))}
    </>
  );
}

/** Where it comes from: `total in src/checkout.ts:41`. */
export function culpritText(culprit: IssueSummary['culprit']): string {
  if (culprit === null) return '';
  const line = culprit.line === null ? '' : `:${culprit.line}`;
  const place = culprit.file === null ? '' : shortFile(culprit.file) + line;
  return [culprit.function, place].filter((part) => part !== null && part !== '').join(' in ');
}

/** The end of an absolute path says where it is; its beginning only says how the machine was set up. */
function shortFile(file: string): string {
  const parts = file.replace(/^file:\/\//, '').split('/');
  return parts[0] === '' && parts.length > 4 ? parts.slice(-3).join('/') : file;
}
