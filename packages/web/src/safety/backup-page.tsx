import type { BackupDetail } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { formatBytes, formatNumber, formatSeconds } from '../format/values.ts';
import { formatWhen } from '../format/times.ts';
import { Icon } from '../parts/icon.tsx';
import { Failure, InlineFailure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { wordOf } from './backup-list.tsx';
import { CopiesCard, ReceiptsCard } from './backup-proofs.tsx';
import { RestoreDialog } from './restore-dialog.tsx';
import { backupQuery } from './safety-queries.ts';
import { useStart } from './start-operation.ts';
import '../checks/checks.css';
import './safety.css';

/** One restore point: what is in it, where its copies are, and every test it went through. */
export function BackupPage({ id }: { readonly id: string }): JSX.Element {
  const backup = useQuery(backupQuery(useApi(), id));
  const title =
    backup.data === undefined ? 'Backup' : `${backup.data.source}, ${formatWhen(backup.data.snapshotAt, Date.now())}`;
  return (
    <PageFrame title={title} trail={[{ text: 'Data safety', href: '/safety' }]} here={title}>
      {backup.data === undefined && <h1 className="vh">Backup</h1>}
      {backup.data !== undefined && <Body backup={backup.data} title={title} />}
      {backup.isPending && <Loading what="the backup" height={520} />}
      {backup.isError && backup.data === undefined && (
        <Failure error={backup.error} what="The backup could not be read" onRetry={() => void backup.refetch()} />
      )}
    </PageFrame>
  );
}

function Body({ backup, title }: { readonly backup: BackupDetail; readonly title: string }): JSX.Element {
  const { tone, icon, word } = wordOf(backup);
  return (
    <article>
      <div className="head">
        <div>
          <h1>{title}</h1>
          <div className="meta">
            <span className={`pill ${tone}`}>
              <Icon name={icon} />
              {word}
            </span>
            {backup.level !== null && <span>level {backup.level}</span>}
            <span className="num">{formatBytes(backup.artefactBytes)}</span>
            {backup.isEncrypted && <span>encrypted</span>}
            {backup.pin !== null && <span>kept for {backup.pin}</span>}
            <span className="mono">{backup.id}</span>
          </div>
        </div>
        <Acts backup={backup} />
      </div>
      <div className="cols">
        <div className="stack">
          <ReceiptsCard receipts={backup.receipts} />
          <ContentCard backup={backup} />
        </div>
        <aside className="stack" aria-label="Copies and facts">
          <CopiesCard copies={backup.copies} />
          <FactsCard backup={backup} />
        </aside>
      </div>
    </article>
  );
}

function Acts({ backup }: { readonly backup: BackupDetail }): JSX.Element {
  const [isRestoring, setRestoring] = useState(false);
  const params = { id: backup.id };
  const drill = useStart((api) => api.call('backupDrill', { params, body: {} }));
  const verify = useStart((api) => api.call('backupVerify', { params }));
  return (
    <div className="acts always">
      {verify.isError && <InlineFailure error={verify.error} />}
      {drill.isError && <InlineFailure error={drill.error} />}
      <span role="status" className="sub">
        {(verify.isSuccess || drill.isSuccess) && 'Started; Data safety shows how far it is.'}
      </span>
      <button className="btn" type="button" disabled={verify.isPending} onClick={() => verify.mutate()}>
        Read every copy again
      </button>
      <button className="btn" type="button" disabled={drill.isPending} onClick={() => drill.mutate()}>
        Test a restore
      </button>
      <button className="btn primary" type="button" onClick={() => setRestoring(true)}>
        Restore…
      </button>
      {isRestoring && <RestoreDialog backup={backup.id} source={backup.source} onClose={() => setRestoring(false)} />}
    </div>
  );
}

function ContentCard({ backup }: { readonly backup: BackupDetail }): JSX.Element {
  const tables = backup.manifest.tables.toSorted((a, b) => b.rows - a.rows);
  return (
    <section className="card" aria-labelledby="content-title">
      <header>
        <h2 id="content-title">What is in it</h2>
        <span className="sub num">
          {formatNumber(backup.rows)} rows in {backup.tables} tables, {formatBytes(backup.rawBytes)}
        </span>
      </header>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Tables">
        <table className="tb num">
          <thead>
            <tr>
              <th scope="col">Table</th>
              <th scope="col" className="r">
                Rows
              </th>
            </tr>
          </thead>
          <tbody>
            {tables.slice(0, 200).map((table) => (
              <tr key={table.name}>
                <td className="mono">{table.name}</td>
                <td className="r">
                  {table.isEstimate && 'about '}
                  {table.rows.toLocaleString('en-GB')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {tables.length > 200 && <p className="card-foot">{tables.length - 200} smaller tables are not shown.</p>}
    </section>
  );
}

function FactsCard({ backup }: { readonly backup: BackupDetail }): JSX.Element {
  const { manifest } = backup;
  return (
    <section className="card pad" aria-labelledby="facts-title">
      <h2 id="facts-title">Facts</h2>
      <dl className="kv flat num">
        <dt>Taken</dt>
        <dd>
          <Time at={backup.startedAt} as="second" />, {formatSeconds(backup.elapsedMs / 1000)}
        </dd>
        <dt>Engine</dt>
        <dd>{manifest.engineVersion}</dd>
        <dt>Migration</dt>
        <dd>{manifest.migrationId ?? 'none known'}</dd>
        <dt>SHA-256</dt>
        <dd className="mono">{manifest.artefact.sha256.slice(0, 16)}…</dd>
      </dl>
      {backup.warnings.map((warning) => (
        <p key={warning} className="sub">
          {warning}
        </p>
      ))}
    </section>
  );
}
