import type { SafetySource } from '@belay/protocol';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Link } from 'wouter-preact';
import { plural } from '../format/numbers.ts';
import { formatDuration } from '../format/times.ts';
import { formatBytes, formatSeconds } from '../format/values.ts';
import { Icon } from '../parts/icon.tsx';
import { InlineFailure } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { RestoreDialog } from './restore-dialog.tsx';
import { useStart } from './start-operation.ts';

const states = {
  ok: { tone: 'ok', icon: 'check', word: 'Restorable' },
  unproven: { tone: 'wait', icon: 'half', word: 'Not proven yet' },
  late: { tone: 'bad', icon: 'octagon', word: 'Too old' },
  failing: { tone: 'bad', icon: 'octagon', word: 'Last backup failed' },
  never: { tone: 'bad', icon: 'octagon', word: 'No backup' },
} as const satisfies Record<SafetySource['state'], unknown>;
const engines = { sqlite: 'SQLite', postgres: 'PostgreSQL' } as const;

/** One database: how old is the newest state that is proven restorable, and what to do next. */
export function SourceCard({ source }: { readonly source: SafetySource }): JSX.Element {
  const [isRestoring, setRestoring] = useState(false);
  const { tone, icon, word } = states[source.state];
  const proven = source.newestProven;
  return (
    <section className="card source" aria-labelledby={`source-${source.name}`}>
      <header>
        <h2 id={`source-${source.name}`}>{source.name}</h2>
        <span className="sub">
          {engines[source.engine]}
          {source.isOwn && ', Belay’s own'}
        </span>
        <span className={`pill push ${tone}`}>
          <Icon name={icon} />
          {word}
        </span>
      </header>
      <div className="source-in">
        <p className="big num">
          <b>{source.ageMs === null ? 'Everything' : formatDuration(source.ageMs)}</b>
          <span className="sub">would be lost if it were gone now</span>
        </p>
        {proven !== null && (
          <p className="num">
            <Link className="link" href={`/safety/${encodeURIComponent(proven.backup)}`}>
              State of <Time at={proven.snapshotAt} />
            </Link>
            , proven by restoring it <Time at={proven.provenAt} />
            {proven.restoreMs !== null && `, which took ${formatSeconds(proven.restoreMs / 1000)}`};{' '}
            {proven.places.length === 0
              ? 'no place has a copy that was read back'
              : `kept in ${plural(proven.places.length, 'place')}: ${proven.places.join(', ')}`}
            .
          </p>
        )}
        {source.problem !== null && (
          <p className="v bad block">
            <Icon name="octagon" />
            {source.problem}
          </p>
        )}
        {source.mend !== null && <p className="sub">{source.mend}</p>}
        <p className="sub num">
          {plural(source.backups, 'backup')}, {source.proven} proven, {formatBytes(source.bytes)}.
          {source.nextAt !== null && (
            <>
              {' '}
              Next <Time at={source.nextAt} />
              {source.waitsFor !== null && `, waiting for ${source.waitsFor}`}.
            </>
          )}{' '}
          <span className="mono place">{source.location}</span>
        </p>
      </div>
      <SourceActs source={source} onRestore={() => setRestoring(true)} />
      {isRestoring && proven !== null && (
        <RestoreDialog backup={proven.backup} source={source.name} onClose={() => setRestoring(false)} />
      )}
    </section>
  );
}

function SourceActs(props: { readonly source: SafetySource; readonly onRestore: () => void }): JSX.Element {
  const { name, levels, newestProven } = props.source;
  const newest = levels.toSorted((a, b) => b.snapshotAt - a.snapshotAt)[0];
  const back = useStart((api) => api.call('backupCreate', { body: { source: name } }));
  const drill = useStart((api) => api.call('backupDrill', { params: { id: newest?.backup ?? '' }, body: {} }));
  return (
    <footer className="source-acts">
      <button className="btn" type="button" disabled={back.isPending} onClick={() => back.mutate()}>
        Back up now<span className="vh"> {name}</span>
      </button>
      {newest !== undefined && (
        <button className="btn" type="button" disabled={drill.isPending} onClick={() => drill.mutate()}>
          Test a restore<span className="vh"> of {name}</span>
        </button>
      )}
      {newestProven !== null && (
        <button className="btn" type="button" onClick={props.onRestore}>
          Restore…<span className="vh"> {name}</span>
        </button>
      )}
      {back.isError && <InlineFailure error={back.error} />}
      {drill.isError && <InlineFailure error={drill.error} />}
    </footer>
  );
}
