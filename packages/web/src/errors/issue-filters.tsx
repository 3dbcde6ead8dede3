import type { JSX } from 'preact';
import { useInfiniteQuery } from '@tanstack/preact-query';
import { useApi } from '../api/api-context.ts';
import { rolloutsQuery } from '../api/queries.ts';
import { Choice, Segments } from '../parts/choice.tsx';
import { Icon } from '../parts/icon.tsx';
import { SearchField } from '../parts/search-field.tsx';
import type { LiveRange } from '../range/use-time-range.ts';
import { useUrlState } from '../shell/url-state.ts';
import type { IssueFilter } from './issue-queries.ts';

const states = [
  { value: 'open', text: 'Open' },
  { value: 'resolved', text: 'Resolved' },
  { value: 'ignored', text: 'Ignored' },
  { value: 'all', text: 'All' },
] as const;
const onlies = [
  { value: '', text: 'Everything' },
  { value: 'new', text: 'New' },
  { value: 'spiking', text: 'More than usual' },
  { value: 'new-path', text: 'Only on the new path' },
] as const;
const sorts = [
  { value: 'first-seen', text: 'Newest first' },
  { value: 'last-seen', text: 'Last seen' },
  { value: 'events', text: 'Most often' },
  { value: 'users', text: 'Most users' },
  { value: 'trend', text: 'Rising most' },
] as const;

/** The filter of the address: for the list, and the part of it that counts and chart follow. */
export function useIssueFilter(live: LiveRange): {
  readonly listed: IssueFilter;
  readonly counted: IssueFilter;
  readonly isNarrow: boolean;
} {
  const [search] = useUrlState('search', '');
  const [service] = useUrlState('service', '');
  const [since] = useUrlState('since', '');
  const [state] = useUrlState('state', 'open');
  const [only] = useUrlState('only', '');
  const [sort] = useUrlState('sort', 'first-seen');
  const counted: IssueFilter = {
    from: live.from,
    to: live.to,
    ...(service === '' ? {} : { service }),
    ...(since === '' ? {} : { since }),
    ...(search === '' ? {} : { search }),
  };
  const chosen = onlies.find((one) => one.value === only)?.value ?? '';
  return {
    counted,
    listed: {
      ...counted,
      state: states.find((one) => one.value === state)?.value ?? 'open',
      sort: sorts.find((one) => one.value === sort)?.value ?? 'first-seen',
      ...(chosen === '' ? {} : { only: chosen }),
    },
    isNarrow: search !== '' || service !== '' || since !== '' || chosen !== '' || state !== 'open',
  };
}

export function IssueFilters({ field }: { readonly field: { current: HTMLInputElement | null } }): JSX.Element {
  const [search, setSearch] = useUrlState('search', '');
  const [state, setState] = useUrlState('state', 'open');
  const [only, setOnly] = useUrlState('only', '');
  const [sort, setSort] = useUrlState('sort', 'first-seen');
  const [since, setSince] = useUrlState('since', '');
  return (
    <div className="filter wrapping">
      <SearchField
        label="Find an error"
        placeholder="Find in message, file or function"
        value={search}
        onSearch={setSearch}
        field={field}
      />
      {since !== '' && (
        <button className="btn small" type="button" onClick={() => setSince('')}>
          Since change <SinceName id={since} />
          <Icon name="close" />
          <span className="vh">, press to show all</span>
        </button>
      )}
      <Segments label="State" value={state} options={states} onChoose={setState} />
      <Choice label="Show" value={only} options={onlies} onChoose={setOnly} />
      <Choice label="Order" value={sort} options={sorts} onChoose={setSort} />
    </div>
  );
}

/** A change as people know it; its id while its name is not known. */
function SinceName({ id }: { readonly id: string }): JSX.Element {
  const changes = useInfiniteQuery(rolloutsQuery(useApi(), {}));
  const found = changes.data?.pages.flatMap((page) => page.items).find((one) => one.id === id);
  return <>{found === undefined ? id : `#${found.number} ${found.title}`}</>;
}
