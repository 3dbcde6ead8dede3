import type { CheckKind, CheckView } from '@belay/protocol';
import { useInfiniteQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { ServiceFilter } from '../explore/service-filter.tsx';
import { useLive } from '../live/live-provider.tsx';
import { Segments } from '../parts/choice.tsx';
import { MoreRows } from '../parts/more-rows.tsx';
import { SearchField } from '../parts/search-field.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { useRowKeys } from '../shell/row-keys.ts';
import { useShortcut } from '../shell/shortcut-provider.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { checksQuery } from './check-queries.ts';
import { CheckWord } from './check-word.tsx';
import { RunTicks } from './run-ticks.tsx';
import { StartupReportsCard } from './startup-reports-card.tsx';
import { ToldCard } from './told-card.tsx';
import './checks.css';

const kinds = [
  { value: '', text: 'All' },
  { value: 'probe', text: 'Paths' },
  { value: 'health', text: 'Health' },
  { value: 'dead-man', text: 'Silence' },
] as const satisfies readonly { value: CheckKind | ''; text: string }[];

/** Golden paths, health and silence: what fails stands first. */
export function ChecksPage(): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  useRowKeys();
  useShortcut('search', () => field.current?.focus());
  const [search, setSearch] = useUrlState('search', '');
  const [kind, setKind] = useUrlState('kind', '');
  const [service] = useUrlState('service', '');
  const chosen = kinds.find((one) => one.value === kind)?.value ?? '';
  const isFiltered = search !== '' || chosen !== '' || service !== '';
  const list = useInfiniteQuery(
    checksQuery(useApi(), {
      ...(chosen === '' ? {} : { kind: chosen }),
      ...(service === '' ? {} : { service }),
      ...(search === '' ? {} : { search }),
    }),
  );
  const checks = list.data?.pages.flatMap((page) => page.items) ?? [];
  const isLost = useLive().freshness.value.kind === 'lost';
  return (
    <PageFrame title="Checks" here="Checks">
      <div className="head">
        <div>
          <h1>{list.data?.pages[0]?.headline ?? 'Checks'}</h1>
          <p className="sub">A single failure counts for nothing; what lasts is told once.</p>
        </div>
        <div className="acts always">
          <ServiceFilter known={checks.map((check) => check.service)} />
        </div>
      </div>
      <div className="cols">
        <section className="card" aria-label="Checks">
          <div className="filter wrapping">
            <SearchField
              label="Find a check"
              placeholder="Find a check by name or service"
              value={search}
              onSearch={setSearch}
              field={field}
            />
            <Segments label="Kind of check" value={chosen} options={kinds} onChoose={setKind} />
          </div>
          {list.isPending && <Loading what="the checks" height={420} />}
          {list.isError && checks.length === 0 && (
            <Failure
              error={list.error}
              what="The checks could not be read"
              stillWorks="They still run, and messages about them are still sent."
              onRetry={() => void list.refetch()}
            />
          )}
          {checks.length > 0 && (
            <ul className={isLost ? 'lines-of checklist stale' : 'lines-of checklist'}>
              {checks.map((check) => (
                <CheckRow key={check.id} check={check} />
              ))}
            </ul>
          )}
          {list.isSuccess && checks.length === 0 && (isFiltered ? <NoneFits /> : <NoneYet />)}
          <MoreRows list={list} text="Show more checks" />
        </section>
        <aside className="stack" aria-label="What was told, and how services started">
          <ToldCard />
          <StartupReportsCard />
        </aside>
      </div>
    </PageFrame>
  );
}

function CheckRow({ check }: { readonly check: CheckView }): JSX.Element {
  return (
    <li>
      <CheckWord status={check.status} word={check.word} tone={check.tone} />
      <span className="what">
        <Link href={`/checks/${encodeURIComponent(check.id)}`} data-row>
          {check.title}
        </Link>
        <span className="sub"> {placeOf(check)}</span>
        <span className="say">
          {check.mutedBy === null ? check.text : `Explained by ${check.mutedBy}. ${check.text}`}
        </span>
      </span>
      <RunTicks recent={check.recent} />
      <span className="when sub num">
        <Time at={check.lastAt} />
      </span>
    </li>
  );
}

/** `shop, shop-1`; one word where both are the same or there is no instance. */
export function placeOf({ service, instance }: CheckView): string {
  return instance === '' || instance === service ? service : `${service}, ${instance}`;
}

function NoneFits(): JSX.Element {
  return <Empty title="No check fits">Change the words, the kind or the service above.</Empty>;
}

function NoneYet(): JSX.Element {
  return (
    <Empty title="No check yet" commands={['belay check run login']}>
      <p>
        Name a golden path such as a login under <code>checks:</code> in belay.yaml, or let a service report its health
        with <code>@belay/node/health</code>.
      </p>
    </Empty>
  );
}
