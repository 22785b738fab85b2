import { BarChart, type BarSeriesOption } from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
  type GridComponentOption,
  type LegendComponentOption,
  type TitleComponentOption,
} from 'echarts/components';
import { init, use, type ComposeOption } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

import type { ContestantName } from '../contestants/index.js';
import type { Work } from '../works/index.js';
import { barsOf, type BarGroup } from './bars.js';
import { captions } from './captions.js';
import type { Result } from './results.js';

type Option = ComposeOption<
  BarSeriesOption | GridComponentOption | LegendComponentOption | TitleComponentOption
>;

const TEXT = '#1f2328';
const FAINT = '#59636e';
const LINE = '#d1d9e0';

/** The same three on a dark page: an SVG that is shown as a picture knows the reader's preference. */
const DARK = { [TEXT]: '#e6edf3', [FAINT]: '#9198a1', [LINE]: '#3d444d' };

const SERIES = {
  core: { name: '@leanmq/core', color: '#2f81f7' },
  nest: { name: '@leanmq/nestjs', color: '#8a63d2' },
  bullmq: { name: 'BullMQ', color: '#e8853b' },
} as const satisfies Partial<Record<ContestantName, object>>;

const NAMES = Object.keys(SERIES) as (keyof typeof SERIES)[];

/** One of each kind; the page has the others. */
const CHARTED = [
  ...['publish-256', 'publish-1', 'send-many', 'transaction-10'],
  ...['consume', 'consume-nest', 'handler-5ms', 'backlog-1e6'],
  ...['latency-200', 'latency-5000', 'routes-500', 'memory', 'redis-cpu'],
];

const WIDTH = 880;
const GROUP_HEIGHT = 56;
const TOP = 100;
const BOTTOM = 66;

/** An SVG of how the contestants compare with hand-written code. */
export function chart(works: readonly Work[], results: readonly Result[]): string {
  use([BarChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);
  const charted = works.filter(({ id }) => CHARTED.includes(id));
  const groups = barsOf(charted, NAMES, results);
  const height = TOP + BOTTOM + GROUP_HEIGHT * groups.length;
  const drawing = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  drawing.setOption(optionOf(groups, captions(results)));
  const svg = drawing.renderToSVGString();
  drawing.dispose();
  return withDarkColours(svg);
}

function optionOf(groups: readonly BarGroup[], runs: readonly string[]): Option {
  return {
    animation: false,
    textStyle: { fontFamily: 'system-ui, sans-serif', color: TEXT },
    title: [
      {
        text: 'Compared with hand-written ioredis code',
        subtext:
          'ratio to raw = 1 in the same run; the longer bar is the better one, also for latency and memory',
        left: 16,
        top: 10,
        textStyle: { color: TEXT, fontSize: 17 },
        subtextStyle: { color: FAINT, fontSize: 12 },
      },
      {
        subtext: runs.join('\n'),
        left: 16,
        bottom: 8,
        subtextStyle: { color: FAINT, fontSize: 11, lineHeight: 15 },
      },
    ],
    // Without a page the width of a text is a guess; this leaves room for any font.
    legend: {
      top: 62,
      left: 12,
      itemGap: 40,
      textStyle: { color: TEXT, fontSize: 12 },
      itemHeight: 10,
    },
    grid: { left: 150, right: 60, top: TOP, bottom: BOTTOM },
    xAxis: {
      type: 'value',
      min: 0,
      axisLabel: { color: FAINT },
      splitLine: { lineStyle: { color: LINE } },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: groups.map(({ label }) => label),
      axisLabel: {
        color: TEXT,
        interval: 0,
        lineHeight: 15,
        formatter: (label: string) => {
          const [id = '', unit = ''] = label.split('\n');
          return `${id}\n{unit|${unit}}`;
        },
        rich: { unit: { color: FAINT, fontSize: 11, lineHeight: 15 } },
      },
      axisLine: { lineStyle: { color: LINE } },
      axisTick: { show: false },
    },
    series: NAMES.filter((name) => groups.some(({ ratios }) => name in ratios)).map((name, index) =>
      seriesOf(name, groups, index === 0),
    ),
  };
}

function seriesOf(
  name: keyof typeof SERIES,
  groups: readonly BarGroup[],
  isFirst: boolean,
): BarSeriesOption {
  return {
    type: 'bar',
    name: SERIES[name].name,
    itemStyle: { color: SERIES[name].color, borderRadius: [0, 2, 2, 0] },
    barMaxWidth: 13,
    barGap: '18%',
    data: groups.map(({ ratios }) => ratios[name] ?? null),
    label: {
      show: true,
      position: 'right',
      color: TEXT,
      fontSize: 11,
      formatter: ({ value }) => (typeof value === 'number' ? `× ${value.toFixed(2)}` : ''),
    },
    ...(isFirst && {
      markLine: {
        silent: true,
        symbol: 'none',
        lineStyle: { color: FAINT, type: 'dashed', width: 1, opacity: 0.6 },
        label: { formatter: 'raw', color: FAINT, fontSize: 11, position: 'start' },
        data: [{ xAxis: 1 }],
      },
    }),
  };
}

function withDarkColours(svg: string): string {
  const rules = Object.entries(DARK).flatMap(([light, dark]) =>
    ['fill', 'stroke'].map((name) => `[${name}="${light}"]{${name}:${dark}}`),
  );
  const style = `<style>@media (prefers-color-scheme: dark){${rules.join('')}}</style>`;
  return svg.replace(/(<svg[^>]*>)/, `$1\n${style}`);
}
