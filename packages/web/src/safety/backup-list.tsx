import type { BackupView } from '@belay/protocol';
import { useInfiniteQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { plural } from '../format/numbers.ts';
import { formatBytes } from '../format/values.ts';
import { Choice } from '../parts/choice.tsx';
import { Icon } from '../parts/icon.tsx';
import { MoreRows } from '../parts/more-rows.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { backupsQuery } from './safety-queries.ts';

const reasons = {
  schedule: 'by schedule',
  manual: 'on demand',
  'pre-migration': 'before a migration',
  'pre-deploy': 'before a deploy',
  'pre-restore': 'before a restore',
  release: 'for a release',
  incident: 'for an incident',
} as const satisfies Record<BackupView['reason'], string>;

/** Every restore point, newest first. */
export function BackupList({ sources }: { readonly sources: readonly string[] }): JSX.Element {
  const [source, setSource] = useUrlState('source', '');
  const list = useInfiniteQuery(backupsQuery(useApi(), source));
  const backups = list.data?.pages.flatMap((page) => page.items) ?? [];
  const options = [{ value: '', text: 'All sources' }, ...sources.map((name) => ({ value: name, text: name }))];
  return (
    <section className="card" aria-labelledby="points-title">
      <header>
        <h2 id="points-title">Restore points</h2>
        <span className="push">
          <Choice label="Source" value={source} options={options} onChoose={setSource} />
        </span>
      </header>
      {list.isPending && <Loading what="the backups" height={260} />}
      {list.isError && backups.length === 0 && (
        <Failure
          error={list.error}
          what="The backups could not be listed"
          stillWorks="Without this server too: belay backup list reads the places themselves."
          onRetry={() => void list.refetch()}
        />
      )}
      {list.isSuccess && backups.length === 0 && (
        <Empty title="No backup yet" commands={['belay backup now']}>
          They are made every day by themselves, and now by this command or the button above.
        </Empty>
      )}
      <ul className="lines-of points">
        {backups.map((backup) => (
          <BackupRow key={backup.id} backup={backup} />
        ))}
      </ul>
      <MoreRows list={list} text="Show older backups" />
    </section>
  );
}

function BackupRow({ backup }: { readonly backup: BackupView }): JSX.Element {
  const { tone, icon, word } = wordOf(backup);
  const verified = backup.copies.filter((copy) => copy.state === 'verified').length;
  return (
    <li>
      <span className={`v ${tone}`}>
        <Icon name={icon} />
        {word}
      </span>
      <span className="what num">
        <Link href={`/safety/${encodeURIComponent(backup.id)}`} data-row>
          <Time at={backup.snapshotAt} />
        </Link>
        <span className="sub"> {backup.source}</span>
        <span className="say">
          {reasons[backup.reason]}, {plural(verified, 'copy', 'copies')} read back
          {backup.pin !== null && `, kept for ${backup.pin}`}
          {backup.lastDrill?.error !== undefined && backup.lastDrill?.error !== null && `. ${backup.lastDrill.error}`}
        </span>
      </span>
      <span className="sub num">{formatBytes(backup.artefactBytes)}</span>
    </li>
  );
}

/** What a backup is worth, in a word. */
export function wordOf({ state, isProven, lastDrill }: BackupView) {
  if (state === 'tampered') return { tone: 'bad', icon: 'octagon', word: 'Tampered with' } as const;
  if (state === 'incomplete') return { tone: 'bad', icon: 'octagon', word: 'Incomplete' } as const;
  if (state === 'removed') return { tone: 'none', icon: 'circle', word: 'Removed' } as const;
  if (lastDrill?.outcome === 'failed') return { tone: 'bad', icon: 'octagon', word: 'Test failed' } as const;
  if (isProven) return { tone: 'ok', icon: 'check', word: 'Proven' } as const;
  return { tone: 'wait', icon: 'half', word: 'Not proven' } as const;
}
