import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useApi } from '../api/api-context.ts';
import { overviewQuery } from '../api/queries.ts';
import { useUrlState } from '../shell/url-state.ts';

/** Which service everything below is about; the address keeps it from tab to tab. */
export function ServiceFilter({ known = [] }: { readonly known?: readonly string[] }): JSX.Element {
  const [service, setService] = useUrlState('service', '');
  const overview = useQuery(overviewQuery(useApi()));
  const names = [...new Set([...(overview.data?.services.map((one) => one.name) ?? []), ...known, service])]
    .filter((name) => name !== '')
    .toSorted();
  return (
    <label className="service">
      <span className="vh">Service</span>
      <select value={service} onChange={(event) => setService(event.currentTarget.value)}>
        <option value="">All services</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
