// Charts of a report: lines, points, bars, shades, intervals.
import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemReturn } from 'echarts';
import {
  type Axis,
  categoryAxis,
  colours,
  draw,
  frame,
  heightOf,
  ink,
  numericAxis,
  type Size,
  soft,
} from './drawing.ts';
import type { Html } from './page.ts';

export interface LineSeries {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly dashed?: boolean;
  /** Marks each point. */
  readonly marked?: boolean;
}

export interface LineChart extends Size {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly LineSeries[];
}

/** Curves over a numeric axis. */
export function lineChart({ title, x, y, series, ...size }: LineChart): Html {
  return draw(title, size, {
    ...frame(series.map(({ name }) => name)),
    xAxis: numericAxis(x, 'x'),
    yAxis: numericAxis(y, 'y'),
    series: series.map(({ name, points, dashed, marked }, at) => ({
      type: 'line',
      name,
      data: points.map((point) => [...point]),
      showSymbol: marked ?? false,
      symbolSize: 6,
      silent: true,
      itemStyle: { color: dashed ? soft : colours[at % colours.length]! },
      lineStyle: {
        width: 2,
        type: dashed ? 'dashed' : 'solid',
        color: dashed ? soft : colours[at % colours.length]!,
      },
    })),
  });
}

export interface ScatterChart extends Size {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Draws the line of equal values. */
  readonly diagonal?: boolean;
}

/** Points, half transparent so that crowds show. */
export function scatterChart({ title, x, y, points, diagonal, ...size }: ScatterChart): Html {
  const values = points.flat();
  const low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const equal = {
    type: 'line' as const,
    data: [
      [low, low],
      [high, high],
    ],
    showSymbol: false,
    silent: true,
  };
  return draw(title, size, {
    ...frame([]),
    xAxis: numericAxis(x, 'x'),
    yAxis: numericAxis(y, 'y'),
    series: [
      {
        type: 'scatter',
        data: points.map((point) => [...point]),
        symbolSize: 5,
        silent: true,
        itemStyle: { color: colours[0]!, opacity: 0.45 },
      },
      ...(diagonal && points.length > 0
        ? [{ ...equal, lineStyle: { color: soft, type: 'dashed' as const } }]
        : []),
    ],
  });
}

export interface BarChart extends Size {
  readonly title: string;
  readonly categories: readonly string[];
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** The axis of the values. */
  readonly value: Axis;
  /** Bars lie, which leaves room for long names. */
  readonly horizontal?: boolean;
  readonly stacked?: boolean;
}

/** One group of bars a category; the first category stands first or on top. */
export function barChart({ title, categories, series, value, horizontal, stacked, ...size }: BarChart): Html {
  const named = categoryAxis(categories, horizontal ?? false);
  const numbers = numericAxis(value, horizontal ? 'x' : 'y');
  const height = horizontal ? heightOf(categories.length) : undefined;
  return draw(
    title,
    { ...(height === undefined ? {} : { height }), ...size },
    {
      ...frame(series.length > 1 ? series.map(({ name }) => name) : []),
      xAxis: horizontal ? numbers : named,
      yAxis: horizontal ? named : numbers,
      series: series.map(({ name, values }, at) => ({
        type: 'bar',
        name,
        data: [...values],
        silent: true,
        barMaxWidth: 28,
        ...(stacked ? { stack: 'all' } : {}),
        itemStyle: { color: colours[at % colours.length]! },
      })),
    },
  );
}

export interface HeatMap extends Size {
  readonly title: string;
  /** Top to bottom, and left to right. */
  readonly rows: Names;
  readonly columns: Names;
  /** Shade of each cell, 0–1, by row. */
  readonly shares: readonly (readonly number[])[];
  /** What stands in a cell; nothing where it is left out. */
  readonly text?: (row: number, column: number) => string;
}

interface Names {
  readonly name: string;
  readonly labels: readonly string[];
}

/** A matrix of shades. */
export function heatMap({ title, rows, columns, shares, text, ...size }: HeatMap): Html {
  const height = 110 + Math.max(6, rows.labels.length) * (rows.labels.length > 30 ? 14 : 24);
  const data = shares.flatMap((values, rowAt) => values.map((share, column) => [column, rowAt, share]));
  return draw(
    title,
    { height, ...size },
    {
      ...frame([]),
      xAxis: {
        ...categoryAxis(columns.labels, false),
        name: columns.name,
        nameLocation: 'middle',
        nameGap: columns.labels.length < 9 ? 28 : 90,
      },
      yAxis: { ...categoryAxis(rows.labels, true), name: rows.name, nameLocation: 'start' },
      // Drawn by hand: the heat map of ECharts gives the text of a cell the transparency of its shade.
      series: [
        {
          type: 'custom',
          data,
          silent: true,
          renderItem: (_: unknown, api: CustomSeriesRenderItemAPI): CustomSeriesRenderItemReturn => {
            const [column, rowAt, share] = [0, 1, 2].map((dimension) => Number(api.value(dimension)));
            const [x, y] = api.coord([column!, rowAt!]) as [number, number];
            const [width, height] = api.size!([1, 1]) as [number, number];
            const rect = {
              x: x - width / 2 + 0.5,
              y: y - height / 2 + 0.5,
              width: width - 1,
              height: height - 1,
            };
            const shade = { fill: colours[0]!, opacity: share! === 0 ? 0.03 : 0.08 + 0.72 * share! };
            const content = {
              x,
              y,
              text: text?.(rowAt!, column!) ?? '',
              fill: ink,
              textAlign: 'center',
              textVerticalAlign: 'middle',
            } as const;
            return {
              type: 'group',
              children: [
                { type: 'rect', shape: rect, style: shade },
                { type: 'text', style: content },
              ],
            };
          },
        },
      ],
    },
  );
}

export interface IntervalRow {
  readonly name: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface IntervalChart extends Size {
  readonly title: string;
  readonly value: Axis;
  readonly rows: readonly IntervalRow[];
  /** A line to compare with, such as the value over all rows, or zero. */
  readonly reference?: number;
}

/** A dot and its interval a row, from the top. */
export function intervalChart({ title, value, rows, reference, ...size }: IntervalChart): Html {
  const mark =
    reference === undefined
      ? {}
      : {
          markLine: {
            symbol: 'none',
            silent: true,
            label: { show: false },
            lineStyle: { color: soft, type: 'dashed' as const },
            data: [{ xAxis: reference }],
          },
        };
  return draw(
    title,
    { height: heightOf(rows.length), ...size },
    {
      ...frame([]),
      xAxis: { ...numericAxis(value, 'x'), scale: true },
      yAxis: categoryAxis(
        rows.map(({ name }) => name),
        true,
      ),
      series: [
        ...rows.map(({ low, high }, at) => ({
          type: 'line' as const,
          data: [
            [low, at],
            [high, at],
          ],
          showSymbol: true,
          symbol: 'rect',
          symbolSize: [2, 10],
          silent: true,
          itemStyle: { color: colours[0]! },
          lineStyle: { width: 2, color: colours[0]! },
        })),
        {
          type: 'scatter',
          data: rows.map((each, at) => [each.value, at]),
          symbolSize: 9,
          silent: true,
          itemStyle: { color: colours[0]! },
          ...mark,
        },
      ],
    },
  );
}
