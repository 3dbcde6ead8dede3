import type { SignalDetail } from '@belay/protocol';
import { useMutation, useQuery, useQueryClient } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { ChartCard } from '../chart/chart-card.tsx';
import { ExplorerFrame } from '../explore/explorer-frame.tsx';
import { formatValue } from '../format/values.ts';
import { useLive } from '../live/live-provider.tsx';
import { Icon } from '../parts/icon.tsx';
import { Failure, InlineFailure, Loading } from '../parts/states.tsx';
import { RangePicker } from '../range/range-picker.tsx';
import { type LiveRange, useTimeRange } from '../range/use-time-range.ts';
import { chartOfSignal } from './signal-chart.ts';
import { SignalDialog } from './signal-dialog.tsx';
import { DefinitionCard, EpisodesCard, SuspectsCard } from './signal-facts.tsx';
import { signalQuery, signalSeriesQuery } from './signal-queries.ts';
import { signalIcon } from './signal-verdicts.ts';
import { SignalWord } from './signal-word.tsx';
import './signals.css';

/** One signal: whether it is as usual, since when not, and what changed then. */
export function SignalPage({ id }: { readonly id: string }): JSX.Element {
  const live = useTimeRange('24h');
  const signal = useQuery(signalQuery(useApi(), id));
  const [isEditing, setEditing] = useState(false);
  return (
    <ExplorerFrame
      title={signal.data?.title ?? 'Signal'}
      trail={[{ text: 'Signals', href: '/signals' }]}
      tools={<RangePicker live={live} />}
    >
      {signal.data === undefined && <h1 className="vh">Signal</h1>}
      {signal.data !== undefined && <Body signal={signal.data} live={live} onEdit={() => setEditing(true)} />}
      {signal.isPending && <Loading what="the signal" height={620} />}
      {signal.isError && signal.data === undefined && (
        <Failure error={signal.error} what="The signal could not be read" onRetry={() => void signal.refetch()} />
      )}
      {isEditing && signal.data !== undefined && (
        <SignalDialog signal={signal.data} onClose={() => setEditing(false)} />
      )}
    </ExplorerFrame>
  );
}

function Body(props: {
  readonly signal: SignalDetail;
  readonly live: LiveRange;
  readonly onEdit: () => void;
}): JSX.Element {
  const { signal, live } = props;
  const isLost = useLive().freshness.value.kind === 'lost';
  return (
    <article className={isLost ? 'stale' : ''}>
      <div className="head">
        <div>
          <h1>{signal.title}</h1>
          <div className="meta">
            <SignalWord verdict={signal.verdict} word={signal.word} tone={signal.tone} isPill />
            {signal.service !== null && <span>{signal.service}</span>}
            <span>{signal.dimension}</span>
            {signal.owner !== null && <span>kept by {signal.owner}</span>}
            <span className="mono">{signal.id}</span>
          </div>
        </div>
        <div className="acts always">
          {signal.alarm !== null && <AcceptButton signal={signal} />}
          <button className="btn" type="button" onClick={props.onEdit}>
            Edit…
          </button>
        </div>
      </div>
      <div className={`banner ${signal.tone}`}>
        <span className="ic">
          <Icon name={signalIcon(signal.verdict)} />
        </span>
        <div>
          <h2>{signal.alarm?.sentence ?? signal.sentence}</h2>
          <p>{signal.problem ?? (signal.alarm === null ? signal.baseline : signal.sentence)}</p>
        </div>
        {signal.current !== null && (
          <div className="next num">
            now <b>{signal.current.text}</b>
            {signal.usual !== null && ` usual ${signal.usual.text}`}
          </div>
        )}
      </div>
      <div className="cols">
        <div className="stack">
          <SeriesCard signal={signal} live={live} />
          <EpisodesCard alarms={signal.alarms} onShow={live.setRange} />
        </div>
        <aside className="stack" aria-label="What changed, and how it is measured">
          <SuspectsCard signal={signal} live={live} />
          <DefinitionCard signal={signal} />
        </aside>
      </div>
    </article>
  );
}

function SeriesCard({ signal, live }: { readonly signal: SignalDetail; readonly live: LiveRange }): JSX.Element {
  const series = useQuery(signalSeriesQuery(useApi(), signal.id, { from: live.from, to: live.to }));
  if (series.isError && series.data === undefined)
    return (
      <Failure
        error={series.error}
        what="The chart could not be read"
        stillWorks="The signal is still watched; its chart is not shown."
        onRetry={() => void series.refetch()}
      />
    );
  if (series.data === undefined)
    return (
      <section className="card">
        <Loading what="the chart" height={332} />
      </section>
    );
  return (
    <ChartCard
      title={signal.title}
      label={`${signal.title} over time`}
      height={270}
      data={chartOfSignal(series.data, signal)}
      format={(value) => formatValue(value, signal.unit)}
      onZoom={(from, to) => live.setRange({ kind: 'between', from: Math.round(from), to: Math.round(to) })}
      note="Grey is what is usual at each hour of the week. Drag over the chart to look closer."
    >
      {signal.resolvable !== null && (
        <p className="card-foot">
          <Icon name="half" /> {signal.resolvable.text}
        </p>
      )}
    </ChartCard>
  );
}

function AcceptButton({ signal }: { readonly signal: SignalDetail }): JSX.Element {
  const api = useApi();
  const queries = useQueryClient();
  const accept = useMutation({
    mutationFn: (id: string) => api.call('alarmAccept', { params: { id }, body: {} }),
    onSuccess: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ['signal', signal.id] }),
        queries.invalidateQueries({ queryKey: ['signals'] }),
      ]),
  });
  return (
    <>
      {accept.isError && <InlineFailure error={accept.error} />}
      <button
        className="btn"
        type="button"
        disabled={accept.isPending}
        onClick={() => signal.alarm !== null && accept.mutate(signal.alarm.id)}
      >
        This is the new usual
      </button>
    </>
  );
}
