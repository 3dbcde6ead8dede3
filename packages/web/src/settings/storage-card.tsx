import type { StorageView } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useApi } from '../api/api-context.ts';
import { storageQuery } from '../api/queries.ts';
import { formatCount, formatShare } from '../format/numbers.ts';
import { formatDuration } from '../format/times.ts';
import { formatBytes, formatNumber } from '../format/values.ts';
import { Icon } from '../parts/icon.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';

const signals = {
  traces: 'Traces',
  logs: 'Logs',
  metrics: 'Metrics',
  errors: 'Errors',
  outcomes: 'Outcomes of flags',
  rollups: 'Summaries',
  other: 'Other',
} as const;
const disk = {
  fine: { text: 'Enough room', tone: 'ok', icon: 'check' },
  low: { text: 'Room is short', tone: 'wait', icon: 'triangle' },
  full: { text: 'Full: nothing new is stored', tone: 'bad', icon: 'octagon' },
} as const;

/** What telemetry takes on disk, what was saved, and what was sent and not stored. */
export function StorageCard(): JSX.Element {
  const storage = useQuery({ ...storageQuery(useApi()), refetchInterval: 30_000 });
  if (storage.data !== undefined) return <Report storage={storage.data} />;
  if (storage.isError)
    return (
      <Failure
        error={storage.error}
        what="What telemetry takes could not be read"
        stillWorks="What services send is still stored."
        onRetry={() => void storage.refetch()}
      />
    );
  return <Loading what="the storage" height={300} />;
}

function Report({ storage }: { readonly storage: StorageView }): JSX.Element {
  const { saved } = storage;
  const state = disk[storage.disk.state];
  const kept = signalRows(storage);
  const most = Math.max(1, ...kept.map((row) => row.bytes));
  return (
    <section className="card" aria-labelledby="storage-title">
      <header>
        <h2 id="storage-title">Storage</h2>
        <span className={`v push small ${state.tone}`}>
          <Icon name={state.icon} />
          {state.text}
        </span>
      </header>
      <div className="storage-big num">
        <div>
          <b>{formatBytes(storage.disk.usedBytes)}</b>
          <span className="sub">
            on disk
            {storage.disk.budgetBytes !== null && ` of ${formatBytes(storage.disk.budgetBytes)}`}
            {storage.disk.freeBytes !== null && `, ${formatBytes(storage.disk.freeBytes)} free`}
          </span>
        </div>
        <div>
          <b>{formatBytes(saved.byCompression + saved.bySampling + saved.byRollup)}</b>
          <span className="sub">
            saved: {formatBytes(saved.byCompression)} by packing, {formatBytes(saved.bySampling)} by thinning out,{' '}
            {formatBytes(saved.byRollup)} by summaries
          </span>
        </div>
      </div>
      <ul className="storage-rows num">
        {kept.map((row) => (
          <li key={row.signal}>
            <span>
              {signals[row.signal]}
              {row.rawFor !== null && <small>{keptText(row.rawFor)}</small>}
            </span>
            <span className="meter" aria-hidden="true">
              <i style={{ width: `${(100 * row.bytes) / most}%` }} />
            </span>
            <span>{formatBytes(row.bytes)}</span>
            <span className="sub">{formatNumber(row.rows)} rows</span>
          </li>
        ))}
      </ul>
      <Drops storage={storage} />
      <p className="storage-foot sub num">
        {saved.share > 0 && `Ageing saves ${formatShare(Math.round(saved.share * 100) / 100)} of the space. `}
        {storage.ageing.nextAt !== null && (
          <>
            Next: <Time at={storage.ageing.nextAt} />.{' '}
          </>
        )}
        {storage.quarantined.length > 0 &&
          `${storage.quarantined.length} unreadable parts were set aside; belay doctor names them.`}
      </p>
    </section>
  );
}

function Drops({ storage }: { readonly storage: StorageView }): JSX.Element {
  if (storage.drops.length === 0)
    return (
      <p className="storage-foot">
        <span className="v ok small">
          <Icon name="check" />
          Everything that was sent is stored.
        </span>
      </p>
    );
  return (
    <>
      <h3 className="storage-h">Sent and not stored</h3>
      <ul className="storage-drops num">
        {storage.drops.map((drop) => (
          <li key={drop.cause + drop.sender + drop.signal}>
            <b>{formatCount(drop.count)}</b>
            <span>
              {signals[drop.signal]}, {drop.cause.replaceAll('-', ' ')}
              {drop.sender !== '' && `, from ${drop.sender}`}
              <span className="sub">
                {' '}
                last <Time at={drop.lastAt} />
              </span>
              <small>{drop.mend}</small>
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

interface SignalRow {
  readonly signal: keyof typeof signals;
  readonly bytes: number;
  readonly rows: number;
  readonly rawFor: number | null;
}

function signalRows(storage: StorageView): readonly SignalRow[] {
  const rows = new Map<string, SignalRow>();
  for (const table of storage.tables) {
    const before = rows.get(table.signal);
    rows.set(table.signal, {
      signal: table.signal,
      bytes: (before?.bytes ?? 0) + table.bytesOnDisk,
      rows: (before?.rows ?? 0) + table.rows,
      rawFor: Math.max(before?.rawFor ?? 0, table.rawFor ?? 0) || null,
    });
  }
  return [...rows.values()].filter((row) => row.bytes > 0).toSorted((a, b) => b.bytes - a.bytes);
}

/** Tables that are never aged are kept for a century, which is a long way to say always. */
function keptText(ms: number): string {
  return ms > 50 * 365 * 86_400_000 ? 'always' : `in full ${formatDuration(ms)}`;
}
