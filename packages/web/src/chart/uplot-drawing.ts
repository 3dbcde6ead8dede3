import uPlot from 'uplot';
import { type ChartData, lineLook, RIGHT, stackLines } from './chart-data.ts';
import { rangeOf, timeAxis, token, valueAxis } from './uplot-axes.ts';

export interface DrawingOptions {
  readonly width: number;
  readonly height: number;
  readonly format: (value: number) => string;
  readonly onCursor: (index: number | null) => void;
  /** A span was dragged over. Absent: dragging does nothing. */
  readonly onZoom?: ((from: number, to: number) => void) | undefined;
}

export interface Drawing {
  readonly setData: (data: ChartData) => void;
  readonly setSize: (width: number, height: number) => void;
  /** Moves the cursor to a point, as the arrow keys do. */
  readonly point: (index: number | null) => void;
  /** Reads the tokens again after the theme changed. */
  readonly repaint: () => void;
  readonly close: () => void;
}

/** Draws a chart with uPlot. Everything about the library stays in this file. */
export function drawChart(box: HTMLElement, first: ChartData, options: DrawingOptions): Drawing {
  let data = first;
  let plot = create();
  let isMovedByKey = false;

  function create(): uPlot {
    return new uPlot(
      {
        width: options.width,
        height: options.height,
        ms: 1e-3,
        padding: [10, RIGHT, 0, 0],
        legend: { show: false },
        cursor: {
          y: false,
          points: { size: 7, width: 2, stroke: (_plot, index) => tone(index), fill: () => token('--surface') },
          drag: { x: options.onZoom !== undefined, y: false, setScale: false },
        },
        scales: {
          x: { time: true, range: () => [data.from / 1000, data.to / 1000] },
          y: { range: (_plot, low, high) => rangeOf(data, low, high) },
        },
        axes: [timeAxis(), valueAxis(options.format)],
        series: [{}, ...seriesOf(data)],
        bands: data.band === undefined ? [] : [{ series: [2, 1], fill: () => token('--band') }],
        hooks: {
          draw: [(self) => drawLines(self, data)],
          setCursor: [(self) => !isMovedByKey && options.onCursor(self.cursor.idx ?? null)],
          setSelect: [
            (self) => {
              const { left, width } = self.select;
              if (width < 6) return;
              options.onZoom?.(self.posToVal(left, 'x') * 1000, self.posToVal(left + width, 'x') * 1000);
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      tableOf(data),
      box,
    );
  }

  function tone(index: number): string {
    const offset = data.band === undefined ? 1 : 3;
    const shown = data.lines[index - offset];
    return shown === undefined ? 'transparent' : token(lineLook(shown, index - offset).token);
  }

  function rebuild(): void {
    plot.destroy();
    plot = create();
  }

  return {
    setData(next) {
      const isSameShape = shapeOf(next) === shapeOf(data);
      data = next;
      if (isSameShape) plot.setData(tableOf(data));
      else rebuild();
    },
    setSize(width, height) {
      options = { ...options, width, height };
      plot.setSize({ width, height });
    },
    point(index) {
      isMovedByKey = true;
      const at = index === null ? undefined : data.times[index];
      plot.setCursor(at === undefined ? { left: -10, top: -10 } : { left: plot.valToPos(at / 1000, 'x'), top: 10 });
      isMovedByKey = false;
    },
    repaint: rebuild,
    close: () => plot.destroy(),
  };
}

function tableOf(data: ChartData): uPlot.AlignedData {
  const lines = data.isBars === true ? stackLines(data.lines).toReversed() : data.lines.map((line) => line.values);
  const band = data.band === undefined ? [] : [data.band.low, data.band.high];
  return [data.times.map((at) => at / 1000), ...[...band, ...lines].map((values) => [...values])];
}

function seriesOf(data: ChartData): uPlot.Series[] {
  const edge: uPlot.Series = { stroke: 'transparent', width: 0, points: { show: false } };
  const lines = data.lines.map((one, index): uPlot.Series => {
    const { token: name, dash } = lineLook(one, index);
    if (data.isBars === true) {
      const bars = uPlot.paths.bars?.({ size: [0.86, 40], align: 1 });
      const fill = (): string => token(name);
      return { fill, width: 0, points: { show: false }, ...(bars === undefined ? {} : { paths: bars }) };
    }
    return { stroke: () => token(name), width: 1.75, dash: [...dash], points: { size: 5, fill: () => token(name) } };
  });
  return [
    ...(data.band === undefined ? [] : [edge, { ...edge }]),
    ...(data.isBars === true ? lines.toReversed() : lines),
  ];
}

/** What must be built anew when it changes; values alone are only set. */
function shapeOf(data: ChartData): string {
  return JSON.stringify([data.isBars, data.band === undefined, data.lines.map((line) => [line.label, line.colour])]);
}

/** Limits and moments of change, on top of the lines. */
function drawLines(plot: uPlot, data: ChartData): void {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = 1.5 * scale;
  ctx.font = `${11 * scale}px Inter, system-ui, sans-serif`;
  for (const limit of data.limits ?? []) {
    const y = plot.valToPos(limit.value, 'y', true);
    ctx.strokeStyle = ctx.fillStyle = token(limit.kind === 'critical' ? '--bad' : '--wait');
    ctx.setLineDash([5 * scale, 4 * scale]);
    line(ctx, [bbox.left, y], [bbox.left + bbox.width, y]);
    ctx.textAlign = 'right';
    const place = [limit.label, bbox.left + bbox.width - 4 * scale, y - 5 * scale] as const;
    ctx.setLineDash([]);
    ctx.lineWidth = 4 * scale;
    ctx.strokeStyle = token('--surface');
    ctx.strokeText(...place);
    ctx.fillText(...place);
    ctx.lineWidth = 1.5 * scale;
  }
  ctx.lineWidth = scale;
  ctx.setLineDash([2 * scale, 3 * scale]);
  for (const mark of data.marks ?? []) {
    const x = plot.valToPos(mark.at / 1000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = token(mark.tone === 'bad' ? '--bad' : mark.tone === 'live' ? '--accent' : '--line3');
    line(ctx, [x, bbox.top], [x, bbox.top + bbox.height]);
  }
  ctx.restore();
}

function line(ctx: CanvasRenderingContext2D, from: readonly [number, number], to: readonly [number, number]): void {
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
}
