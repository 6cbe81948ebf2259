// SPDX-License-Identifier: Apache-2.0
/** How results are plotted, in a report and in a page: a dot per layer and contender, on a log scale. */
import type { TopLevelSpec } from 'vega-lite';
import { VARIANTS } from '../src/contract';
import type { Row } from './results';

/** What can be plotted of a row. */
export type PlotField = 'gflops' | 'ratio' | 'ms' | 'error' | 'firstMs' | 'scratchBytes';

/** Of the variants, in the order of their list; a new one has the next. All can be told on white and on dark paper. */
const VARIANT_COLOURS = ['#d97706', '#dc2626', '#2563eb', '#059669', '#0891b2', '#c2410c', '#65a30d', '#0d9488'];
const OTHER_COLOURS: Readonly<Record<string, string>> = {
  stock: '#7b8494',
  auto: '#db2777',
  ours: '#059669',
  'install()': '#059669',
  composed: '#8b5cf6',
};

const nthColour = (n: number): string => VARIANT_COLOURS[n % VARIANT_COLOURS.length];

/** Who is plotted, in a fixed order, each with its colour. Names that are not known come last. */
export function legend(rows: readonly Pick<Row, 'contender'>[]): { name: string; colour: string }[] {
  const present = new Set(rows.map(({ contender }) => contender));
  const known = ['stock', 'auto', ...VARIANTS, 'ours', 'install()', 'composed'];
  const unknown = [...present].filter((name) => !known.includes(name));
  const variants: readonly string[] = [...VARIANTS, ...unknown];
  return [...known, ...unknown]
    .filter((name) => present.has(name))
    .map((name) => ({ name, colour: OTHER_COLOURS[name] ?? nthColour(variants.indexOf(name)) }));
}

/** Colours of text and lines, and a width in pixels; the defaults are for white paper. */
export interface PlotLook {
  readonly column?: 'pass' | 'backend';
  /** How many plots stand beside each other; default: all. The legend is above them, then. */
  readonly columns?: number;
  readonly width?: number;
  readonly ink?: string;
  readonly line?: string;
}

/** A plot of `field`; `title` says what it is and its unit. A column of plots for each pass or backend if asked for. */
export function dotPlot(
  rows: readonly Row[],
  field: PlotField,
  title: string,
  { column, columns, width = column ? 300 : 640, ink = '#111111', line = '#e5e7eb' }: PlotLook = {},
): TopLevelSpec {
  const shown = legend(rows);
  const names = shown.map(({ name }) => name);
  // Each contender has a line of its own within that of the layer: their dots never hide each other.
  const offset = {
    field: 'contender',
    type: 'nominal',
    sort: names,
    scale: { domain: names, paddingOuter: 1 },
  } as const;
  const values = rows.map((row) => row[field] ?? NaN).filter((value) => value > 0);
  const [least, most] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  // Over some decades their powers of ten are lines enough.
  const powers = Array.from({ length: most - least + 1 }, (_, n) => 10 ** (least + n));
  const ticks = powers.length > 2 ? { values: powers } : { tickCount: 8 };
  const order = column && [...new Set(rows.map((row) => row[column]))];
  const extrapolated = rows.some(({ runs }) => runs === 0);
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width,
    height: { step: Math.max(7, 22 / (names.length + 1)), for: 'offset' },
    data: { values: rows.map((row) => ({ ...row, how: row.runs === 0 ? 'extrapolated' : 'measured' })) },
    mark: { type: 'point', size: 50, filled: true, opacity: 0.9 },
    encoding: {
      y: { field: 'workload', type: 'nominal', sort: null, title: null, axis: { grid: true, labelLimit: 200 } },
      yOffset: offset,
      x: {
        field,
        type: 'quantitative',
        scale: { type: 'log' },
        title,
        axis: { format: field === 'scratchBytes' ? '~s' : '~g', ...ticks, labelOverlap: true },
      },
      color: {
        field: 'contender',
        type: 'nominal',
        sort: names,
        title: null,
        ...(columns && { legend: { orient: 'top', columns: columns === 1 ? 3 : names.length } }),
        scale: { domain: names, range: shown.map(({ colour }) => colour) },
      },
      shape: extrapolated
        ? {
            field: 'how',
            type: 'nominal',
            title: null,
            ...(columns && { legend: { orient: 'top' } }),
            scale: { domain: ['measured', 'extrapolated'], range: ['circle', 'triangle-up'] },
          }
        : { value: 'circle' },
      tooltip: [
        { field: 'contender', type: 'nominal' },
        { field: 'workload', type: 'nominal', title: 'layer' },
        { field, type: 'quantitative', format: '.3~g', title },
      ],
      ...(column && { facet: { field: column, type: 'nominal', sort: order, title: null, columns } }),
    },
    ...plotConfig(ink, line),
  };
}

/** Fonts, and colours of text and lines. */
export function plotConfig(ink: string, line: string): Pick<TopLevelSpec, 'background' | 'config'> {
  return {
    background: 'transparent',
    config: {
      font: 'system-ui, sans-serif',
      view: { stroke: line },
      axis: { labelColor: ink, titleColor: ink, gridColor: line, domainColor: line, tickColor: line },
      legend: { labelColor: ink, titleColor: ink },
      header: { labelColor: ink, titleColor: ink },
    },
  };
}
