// SPDX-License-Identifier: Apache-2.0
/** How results are plotted, in a report and in a page: a dot per layer and contender, on a log scale. */
import type { TopLevelSpec } from 'vega-lite';
import { VARIANTS } from '../src/contract';
import type { Row } from './results';

/** What can be plotted of a row. */
export type PlotField = 'gflops' | 'ratio' | 'ms' | 'error' | 'firstMs' | 'scratchBytes';

/** Of the variants, in the order of their list; a new one has the next. */
const VARIANT_COLOURS = ['#d97706', '#b91c1c', '#2563eb', '#059669', '#0891b2', '#be185d', '#65a30d', '#9a3412'];
const OTHER_COLOURS: Readonly<Record<string, string>> = { stock: '#6b7280', ours: '#059669', composed: '#7c3aed' };

const nthColour = (n: number): string => VARIANT_COLOURS[n % VARIANT_COLOURS.length];

/** Who is plotted, in a fixed order, each with its colour. Names that are not known come last. */
export function legend(rows: readonly Pick<Row, 'contender'>[]): { name: string; colour: string }[] {
  const present = new Set(rows.map(({ contender }) => contender));
  const known = ['stock', ...VARIANTS, 'ours', 'composed'];
  const unknown = [...present].filter((name) => !known.includes(name));
  const variants: readonly string[] = [...VARIANTS, ...unknown];
  return [...known, ...unknown]
    .filter((name) => present.has(name))
    .map((name) => ({ name, colour: OTHER_COLOURS[name] ?? nthColour(variants.indexOf(name)) }));
}

/** Colours of text and lines, and a width in pixels; the defaults are for white paper. */
export interface PlotLook {
  readonly column?: 'pass' | 'backend';
  readonly width?: number;
  readonly ink?: string;
  readonly line?: string;
}

/** A plot of `field`; `title` says what it is and its unit. A column of plots for each pass or backend if asked for. */
export function dotPlot(
  rows: readonly Row[],
  field: PlotField,
  title: string,
  { column, width = column ? 300 : 640, ink = '#111111', line = '#e5e7eb' }: PlotLook = {},
): TopLevelSpec {
  const shown = legend(rows);
  const names = shown.map(({ name }) => name);
  const extrapolated = rows.some(({ runs }) => runs === 0);
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width,
    height: { step: 22 },
    data: { values: rows.map((row) => ({ ...row, how: row.runs === 0 ? 'extrapolated' : 'measured' })) },
    mark: { type: 'point', size: 60, filled: true, opacity: 0.8 },
    encoding: {
      y: { field: 'workload', type: 'nominal', sort: null, title: null, axis: { grid: true, labelLimit: 200 } },
      x: { field, type: 'quantitative', scale: { type: 'log' }, title, axis: { format: '~g', tickCount: 8 } },
      color: {
        field: 'contender',
        type: 'nominal',
        sort: names,
        title: null,
        scale: { domain: names, range: shown.map(({ colour }) => colour) },
      },
      shape: extrapolated
        ? {
            field: 'how',
            type: 'nominal',
            title: null,
            scale: { domain: ['measured', 'extrapolated'], range: ['circle', 'triangle-up'] },
          }
        : { value: 'circle' },
      tooltip: [
        { field: 'contender', type: 'nominal' },
        { field: 'workload', type: 'nominal', title: 'layer' },
        { field, type: 'quantitative', format: '.3~g', title },
      ],
      ...(column ? { column: { field: column, type: 'nominal', sort: null, title: null } } : {}),
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
