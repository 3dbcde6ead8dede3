import type { DecodedMetrics } from '@belay/wire';
import { exemplarRows } from './exemplars.ts';
import { exponentialPointRows } from './exponential-points.ts';
import { histogramPointRows } from './histogram-points.ts';
import { numberPointRows } from './number-points.ts';
import { outcomeRows } from './outcomes.ts';
import { resourceRows } from './resources.ts';
import type { WriteRequest } from './row-set.ts';
import { type SeriesDescription, seriesRows } from './series.ts';
import { summaryPointRows } from './summary-points.ts';

/** What a decoded request of metrics stores, with the series that are due to be described. */
export function rowsOfMetrics(decoded: DecodedMetrics, due: readonly SeriesDescription[]): WriteRequest {
  const { points, outcomes, resources } = decoded;
  const sets = [
    numberPointRows(points.numbers),
    histogramPointRows(points.histograms),
    exponentialPointRows(points.exponentials),
    summaryPointRows(points.summaries),
    exemplarRows(points.exemplars),
    outcomeRows(outcomes),
  ];
  const upkeep = [resourceRows(resources), seriesRows(due)];
  return { rows: sets.filter((set) => set.rows > 0), upkeep: upkeep.filter(({ keys }) => keys.length > 0) };
}
