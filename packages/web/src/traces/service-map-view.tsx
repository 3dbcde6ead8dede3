import type { ServiceMap } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { ViewSwitch } from '../chart/chart-card.tsx';
import type { Span } from '../explore/explore-queries.ts';
import { formatShare } from '../format/numbers.ts';
import { formatValue } from '../format/values.ts';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { edgePath, layOutMap, NODE } from './map-layout.ts';
import { serviceMapQuery } from './trace-queries.ts';

const LOUD_ERRORS = 0.01;
const kinds = { service: '', database: 'database', queue: 'queue', external: 'outside' } as const;

/** Who calls whom, drawn from spans; the same figures stand in the table. */
export function ServiceMapView({ wish }: { readonly wish: Span & { readonly service: string } }): JSX.Element {
  const map = useQuery(serviceMapQuery(useApi(), wish));
  const [view, setView] = useUrlState('view', 'chart');
  const [, setService] = useUrlState('service', '');
  if (map.data === undefined && map.isError)
    return <Failure error={map.error} what="The map could not be drawn" onRetry={() => void map.refetch()} />;
  if (map.data === undefined) return <Loading what="the map" height={420} />;
  if (map.data.nodes.length === 0)
    return <Empty title="No call in this time">Widen the time above, or choose all services.</Empty>;
  return (
    <>
      <div className="filter">
        <span className="sub num">
          {map.data.rest > 0 && `${map.data.rest} smaller ones are left out. `}
          {map.data.sampled < 1 &&
            `Drawn from a sample of ${formatShare(Math.round(map.data.sampled * 1000) / 1000)}. `}
          A press on a service shows only what is around it.
        </span>
        <ViewSwitch view={view} onView={setView} />
      </div>
      {view === 'table' ? <MapTable map={map.data} /> : <MapDrawing map={map.data} onService={setService} />}
    </>
  );
}

function MapDrawing(props: { readonly map: ServiceMap; readonly onService: (name: string) => void }): JSX.Element {
  const { map } = props;
  const layout = useMemo(() => layOutMap(map), [map]);
  const busiest = Math.max(0.001, ...map.edges.map((edge) => edge.ratePerSecond));
  return (
    <div className="scroll-x map" tabIndex={0} role="region" aria-label="Map of services">
      <svg width={layout.width} height={layout.height} viewBox={`0 0 ${layout.width} ${layout.height}`}>
        {map.edges.map((edge) => {
          const from = layout.nodes.get(edge.from);
          const to = layout.nodes.get(edge.to);
          if (from === undefined || to === undefined || edge.from === edge.to) return null;
          const isLoud = edge.errorRatio >= LOUD_ERRORS;
          return (
            <path
              key={`${edge.from}>${edge.to}`}
              className={isLoud ? 'edge bad' : 'edge'}
              d={edgePath(from, to)}
              style={{ strokeWidth: `${1.2 + 3 * Math.sqrt(edge.ratePerSecond / busiest)}px` }}
            >
              <title>{edgeText(map, edge)}</title>
            </path>
          );
        })}
        {map.nodes.map((node) => {
          const place = layout.nodes.get(node.id);
          if (place === undefined) return null;
          const isLoud = node.errorRatio >= LOUD_ERRORS;
          const isService = node.kind === 'service';
          return (
            <foreignObject key={node.id} x={place.x} y={place.y} width={NODE.width} height={NODE.height}>
              <button
                className={`node ${node.kind} ${isLoud ? 'bad' : ''}`}
                type="button"
                disabled={!isService}
                onClick={() => props.onService(node.name)}
              >
                <b>{node.name}</b>
                <small className="num">
                  {[
                    kinds[node.kind],
                    formatValue(node.ratePerSecond, '/s'),
                    isLoud ? `${formatValue(node.errorRatio * 100, '%')} failed` : formatValue(node.p95Ms, 'ms'),
                  ]
                    .filter((part) => part !== '')
                    .join(' · ')}
                </small>
              </button>
            </foreignObject>
          );
        })}
      </svg>
    </div>
  );
}

function MapTable({ map }: { readonly map: ServiceMap }): JSX.Element {
  const nameOf = (id: string): string => map.nodes.find((node) => node.id === id)?.name ?? id;
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Service map as a table">
      <table className="tb num figures-table">
        <caption className="vh">Who calls whom</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">Calls</th>
            <th scope="col">Failed</th>
            <th scope="col">p95</th>
          </tr>
        </thead>
        <tbody>
          {map.edges.map((edge) => (
            <tr key={`${edge.from}>${edge.to}`}>
              <td className="nm">{nameOf(edge.from)}</td>
              <td data-label="To">{nameOf(edge.to)}</td>
              <td data-label="Calls">{formatValue(edge.ratePerSecond, '/s')}</td>
              <td data-label="Failed">
                <span className={edge.errorRatio >= LOUD_ERRORS ? 'trend bad' : ''}>
                  {formatValue(edge.errorRatio * 100, '%')}
                </span>
              </td>
              <td data-label="p95">{formatValue(edge.p95Ms, 'ms')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function edgeText(map: ServiceMap, edge: ServiceMap['edges'][number]): string {
  const nameOf = (id: string): string => map.nodes.find((node) => node.id === id)?.name ?? id;
  return `${nameOf(edge.from)} calls ${nameOf(edge.to)} ${formatValue(edge.ratePerSecond, '/s')}, ${formatValue(edge.errorRatio * 100, '%')} failed, p95 ${formatValue(edge.p95Ms, 'ms')}`;
}
