import { useInfiniteQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { NoTelemetry } from '../explore/no-telemetry.tsx';
import { MoreRows } from '../parts/more-rows.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { LogRow } from './log-row.tsx';
import { logsQuery, type LogWish } from './log-queries.ts';

/** The lines that fit, newest first; one opens in place. */
export function LogList(props: { readonly wish: LogWish; readonly onFilter: (q: string) => void }): JSX.Element {
  const { wish, onFilter } = props;
  const list = useInfiniteQuery(logsQuery(useApi(), wish));
  const [open, setOpen] = useState<string | null>(null);
  const lines = list.data?.pages.flatMap((page) => page.items) ?? [];
  const isFiltered = wish.q !== '' || wish.service !== '';
  return (
    <>
      {list.isPending && <Loading what="the lines" height={420} />}
      {list.isError && (
        <Failure
          error={list.error}
          what="The lines could not be read"
          stillWorks="What services write is still stored."
          onRetry={() => void list.refetch()}
        />
      )}
      {lines.length > 0 && !list.isError && (
        <ul className="lines">
          {lines.map((line) => (
            <LogRow
              key={line.id}
              line={line}
              q={wish.q}
              isOpen={open === line.id}
              onToggle={() => setOpen(open === line.id ? null : line.id)}
              onFilter={onFilter}
            />
          ))}
        </ul>
      )}
      {list.isSuccess && lines.length === 0 && isFiltered && (
        <Empty title="No line fits">Widen the time above, or take something out of the search.</Empty>
      )}
      {list.isSuccess && lines.length === 0 && !isFiltered && (
        <NoTelemetry title="No line in this time">
          Lines come by OpenTelemetry, from <code>@belay/node</code>, or from a file:{' '}
          <code>belay logs tail app.log --service shop</code>.
        </NoTelemetry>
      )}
      {!list.isError && <MoreRows list={list} text="Show older lines" />}
    </>
  );
}
