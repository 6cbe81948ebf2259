// SPDX-License-Identifier: Apache-2.0
/** The results as one HTML file with its plots inside (static SVG by Vega-Lite): it opens without server or network. */
import { View, parse } from 'vega';
import { compile } from 'vega-lite';
import { type PlotField, dotPlot } from './dot_plot';
import { errorText, significant, timesText } from './numbers';
import { modelLine } from './models/lines';
import { type ModelRow, type Results, type Row, isWrong } from './results';
import { means } from './tables';

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #111; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.85rem; }
  th, td { padding: 0.15rem 0.6rem; text-align: right; border-bottom: 1px solid #e5e7eb; }
  th { position: sticky; top: 0; background: #fff; }
  td.text, th.text { text-align: left; white-space: nowrap; }
  tr.first td { border-top: 2px solid #9ca3af; }
  .wrong { background: #fecaca; font-weight: bold; }
  figure { margin: 2rem 0; overflow-x: auto; }
  figcaption { font-weight: 600; margin-bottom: 0.5rem; }
  .note { color: #4b5563; font-size: 0.85rem; }`;

export async function writeReport(results: Results): Promise<string> {
  const { machine, versions, date, seconds, skipped, rows, models } = results;
  const backends = [...new Set(rows.map(({ backend }) => backend))];
  const figures: string[] = [];
  for (const backend of backends) figures.push(...(await figuresOf(backend, rows)));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>conv2dTranspose: variants and stock, compared</title>
<style>${STYLE}
</style>
<h1>Transposed convolution in TensorFlow.js</h1>
<p>${escape(machine)}; tfjs ${escape(versions.tfjs)}; ${escape(date)}; ${seconds.toFixed(0)} s in all.
All contenders of a layer ran interleaved; times are medians. Useful operations are the multiply-adds of the definition,
two each. The error is the worst of sampled elements, in units of the bound ε32·K·Σ|products|: above 1 is wrong.</p>
${skipped.length > 0 ? `<p class="note">Skipped: ${escape(skipped.join('; '))}</p>` : ''}
<h2>Geometric means over the layers</h2>
${meansTable(rows)}
${modelsList(models)}${figures.join('\n')}
<h2>All numbers</h2>
${rowsTable(rows)}
</html>`;
}

async function figuresOf(backend: string, all: readonly Row[]): Promise<string[]> {
  const rows = all.filter((row) => row.backend === backend);
  const forward = rows.filter(({ pass }) => pass === 'forward');
  const gradients = rows.filter(({ pass }) => pass !== 'forward');
  const compared = forward.filter(({ contender, ratio }) => contender !== 'stock' && ratio !== undefined);
  return [
    await figure(
      `Forward pass on ${backend}: useful GFLOP/s`,
      plot(forward, 'gflops', 'GFLOP/s, useful operations, log scale'),
    ),
    await figure(
      `Forward pass on ${backend}: time against stock`,
      plot(compared, 'ratio', 'times as fast as stock, log scale'),
    ),
    await figure(`Gradients on ${backend}: time of one call`, plot(gradients, 'ms', 'milliseconds, log scale', 'pass')),
  ];
}

async function figure(caption: string, svg: Promise<string>): Promise<string> {
  return `<figure><figcaption>${escape(caption)}</figcaption>${await svg}</figure>`;
}

function plot(rows: readonly Row[], field: PlotField, title: string, column?: 'pass'): Promise<string> {
  return new View(parse(compile(dotPlot(rows, field, title, { column })).spec), { renderer: 'none' }).toSVG();
}

/** A cell, and of which class: 'text' is left-aligned. */
type Column<T> = readonly [head: string, cell: (row: T) => string | number, classOf?: string | ((row: T) => string)];

function table<T>(columns: readonly Column<T>[], rows: readonly T[], classOf: (row: T, n: number) => string): string {
  const head = columns.map(([name, , kind]) => `<th${kind === 'text' ? ' class="text"' : ''}>${name}`).join('');
  const lines = rows.map((row, n) => {
    const cells = columns.map(([, cell, kind = '']) => {
      const name = typeof kind === 'string' ? kind : kind(row);
      return `<td${name && ` class="${name}"`}>${cell(row)}`;
    });
    return `<tr${classOf(row, n) && ` class="${classOf(row, n)}"`}>${cells.join('')}`;
  });
  return `<table><tr>${head}\n${lines.join('\n')}</table>`;
}

/** Whole models in a line each. */
function modelsList(models: readonly ModelRow[]): string {
  if (models.length === 0) return '';
  const lines = models.map((row) => `<li>${escape(modelLine(row))}`);
  return `<h2>Whole models by install() alone, files to results</h2>\n<ul>${lines.join('\n')}</ul>\n`;
}

function meansTable(rows: readonly Row[]): string {
  const columns: Column<ReturnType<typeof means>[number]>[] = [
    ['backend', ({ backend }) => backend, 'text'],
    ['pass', ({ pass }) => pass, 'text'],
    ['by', ({ contender }) => contender, 'text'],
    ['× stock', ({ ratio }) => timesText(ratio)],
    ['least', ({ worst, worstLayer }) => `${timesText(worst)} <span class="note">${worstLayer}</span>`],
    ['GFLOP/s', ({ gflops }) => significant(gflops)],
  ];
  return table(columns, means(rows), () => '');
}

function rowsTable(rows: readonly Row[]): string {
  const columns: Column<Row>[] = [
    ['backend', ({ backend }) => backend, 'text'],
    ['layer', ({ workload }) => workload, 'text'],
    ['pass', ({ pass }) => pass, 'text'],
    ['by', ({ contender }) => contender, 'text'],
    ['ms', ({ ms, runs }) => `${runs === 0 ? '~' : ''}${significant(ms)}`],
    ['GFLOP/s', ({ gflops }) => significant(gflops)],
    ['× stock', ({ ratio }) => (ratio === undefined ? '' : significant(ratio))],
    [
      'err/bound',
      ({ error }) => (error === undefined ? 'not run' : errorText(error)),
      (row) => (isWrong(row) ? 'wrong' : row.error === undefined ? 'note' : ''),
    ],
    ['scratch KB', ({ scratchBytes }) => (scratchBytes === undefined ? '' : significant(scratchBytes / 1024))],
    ['note', ({ note }) => escape(note), 'text'],
  ];
  const isFirst = (row: Row, n: number): boolean => {
    const before = rows[n - 1];
    return before?.workload !== row.workload || before.pass !== row.pass;
  };
  return table(columns, rows, (row, n) => (isFirst(row, n) ? 'first' : ''));
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
