// What all charts of a report share: axes, colours and the drawing itself, by ECharts as SVG text. Colours are the
// page's variables, so that dark mode turns them too.
import { createRequire } from 'node:module';
import type { init } from 'echarts';
import { escapeHtml, type Html, printable } from './page.ts';

type Option = Parameters<ReturnType<typeof init>['setOption']>[0];

export interface Axis {
  readonly name: string;
  readonly min?: number;
  readonly max?: number;
  readonly logarithmic?: boolean;
}

export interface Size {
  /** Pixels of the drawing; a page scales it down where it is narrower. */
  readonly width?: number;
  readonly height?: number;
}

export const ink = 'var(--ink)';
export const soft = 'var(--soft)';
const line = 'var(--line)';
export const colours = Array.from({ length: 8 }, (_, at) => `var(--c${at})`);

export const heightOf = (categories: number): number => 90 + 24 * Math.max(2, categories);

export const frame = (names: readonly string[]) => ({
  animation: false,
  textStyle: { fontFamily: 'system-ui, sans-serif', color: ink },
  grid: {
    left: 12,
    right: 28,
    top: names.length > 1 ? 26 + 18 * legendRows(names) : 26,
    bottom: 34,
    containLabel: true,
  },
  ...(names.length > 1
    ? {
        legend: {
          type: 'plain' as const,
          data: [...names],
          top: 4,
          textStyle: { color: ink },
          itemWidth: 18,
          itemHeight: 8,
          icon: 'roundRect',
        },
      }
    : {}),
});

/** Rows that a legend takes in a narrow drawing: a name is about seven pixels a letter, beside its mark. */
function legendRows(names: readonly string[]): number {
  const pixels = names.reduce((sum, name) => sum + 40 + 7 * name.length, 0);
  return Math.ceil(pixels / 460);
}

const axisLook = {
  axisLine: { lineStyle: { color: soft } },
  axisTick: { lineStyle: { color: soft } },
  axisLabel: { color: ink },
  nameTextStyle: { color: soft },
};

export const numericAxis = ({ name, min, max, logarithmic }: Axis, direction: 'x' | 'y') => ({
  ...axisLook,
  type: logarithmic ? ('log' as const) : ('value' as const),
  name,
  ...(direction === 'x'
    ? { nameLocation: 'middle' as const, nameGap: 28 }
    : { nameTextStyle: { color: soft, align: 'left' as const } }),
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
  splitLine: { lineStyle: { color: line } },
});

export const categoryAxis = (names: readonly string[], isVertical: boolean) => ({
  ...axisLook,
  type: 'category' as const,
  data: names.map((name) => (name.length > 40 ? `${name.slice(0, 39)}…` : name)),
  ...(isVertical ? { inverse: true } : {}),
  axisLabel: {
    color: ink,
    interval: 0,
    fontSize: names.length > 30 ? 9 : 12,
    ...(isVertical || names.length < 9 ? {} : { rotate: 60 }),
  },
  axisTick: { show: false },
});

interface Library {
  readonly init: typeof init;
}

/** ECharts, loaded at the first chart: it takes as long to load as the rest of the command line. Node keeps it. */
const library = (): Library => createRequire(import.meta.url)('echarts') as Library;

/** Same chart, same text: what ECharts numbers by a count of its own is made anew or, where only a mouse needs it, left out. */
export function draw(title: string, { width = 720, height = 340 }: Size, option: Option): Html {
  const chart = library().init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption(option);
  const svg = printable(chart.renderToSVGString());
  chart.dispose();
  const bare = svg
    .replaceAll(/zr\d+-/g, 'zr-')
    .replaceAll(/ (?:ecmeta_\w+|class|pointer-events)="[^"]*"/g, '')
    .replaceAll(/ stroke="[^"]*" stroke-width="0"/g, '')
    .replaceAll(/<style[^>]*>.*?<\/style>\s*/gs, '');
  const fixed = bare.replaceAll('zr-', `${prefixOf(bare)}-`);
  return { html: fixed.replace('<svg ', `<svg role="img" aria-label="${escapeHtml(title)}" `) };
}

/** A prefix for the ids within one chart, by what is in it: FNV-1a. */
function prefixOf(svg: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < svg.length; at++) hash = Math.imul(hash ^ svg.charCodeAt(at), 0x01000193);
  return `z${(hash >>> 0).toString(36)}`;
}
