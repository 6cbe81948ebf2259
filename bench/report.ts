// SPDX-License-Identifier: Apache-2.0
/** The results as one HTML file with its plots inside (static SVG by Vega-Lite): it opens without server or network. */
import { View, parse } from 'vega';
import { type TopLevelSpec, compile } from 'vega-lite';
import { type PlotField, dotPlot } from './dot_plot';
import { bestOf, headline, overviewPlot } from './headline';
import { errorText, significant, timesText } from './numbers';
import { modelLine } from './models/lines';
import { type ModelRow, type Results, type Row, isWrong } from './results';
import { means } from './tables';

const STYLE = `
  :root { color-scheme: light dark; --back: light-dark(#fff, #16181d); --ink: light-dark(#111, #e8eaed);
    --line: light-dark(#e5e7eb, #3a3f4a); --quiet: light-dark(#4b5563, #a7aebb);
    --wrong: light-dark(#fecaca, #7f1d1d); }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: var(--ink);
    background: var(--back); }
  .lead { font-size: 1.25rem; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.85rem; }
  th, td { padding: 0.15rem 0.6rem; text-align: right; border-bottom: 1px solid var(--line); }
  th { background: var(--back); }
  td.text, th.text { text-align: left; white-space: nowrap; }
  tr.first td { border-top: 2px solid var(--quiet); }
  .wrong { background: var(--wrong); font-weight: bold; }
  figure { margin: 2rem 0; }
  figcaption { font-weight: 600; margin-bottom: 0.5rem; }
  .note { color: var(--quiet); font-size: 0.85rem; }`;

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
<main>
<h1>Transposed convolution in TensorFlow.js</h1>
${await opening(results)}
<p>${escape(machine)}; tfjs ${escape(versions.tfjs)}; ${escape(date)}; ${seconds.toFixed(0)} s in all.
All contenders of a layer ran interleaved, stock as tfjs sets it by default; times are medians. Useful operations are
the multiply-adds of the definition, two each. The error is the worst of sampled elements, in units of the bound
ε32·K·Σ|products|: above 1 is wrong.</p>
${skippedList(skipped)}
<h2>Geometric means over the layers</h2>
${meansTable(rows)}
${modelsList(models)}${figures.join('\n')}
<h2>All numbers</h2>
${rowsTable(rows)}
</main>
</html>`;
}

/** A sentence and a plot that say who won by how much, unless stock ran nowhere. */
async function opening(results: Results): Promise<string> {
  const sentence = headline(results);
  if (!sentence) return '';
  const lead = `<p class="lead">${escape(sentence)}</p>`;
  const caption = 'Forward pass, each dot a layer, by the best variant; the dashed line is stock';
  return bestOf(results.rows).length === 0
    ? lead
    : `${lead}\n${await figure(caption, svgOf(overviewPlot(results.rows)))}`;
}

function skippedList(skipped: readonly string[]): string {
  if (skipped.length === 0) return '';
  const lines = skipped.map((one) => `<li>${escape(one)}`);
  const summary = `<summary>Skipped: ${skipped.length}, and why</summary>`;
  return `<details class="note">${summary}<ul>${lines.join('\n')}</ul></details>`;
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
  return `<figure><figcaption>${escape(caption)}</figcaption>${wide(caption, await svg)}</figure>`;
}

/** What may be wider than the screen: it scrolls, by keyboard too. */
function wide(label: string, content: string): string {
  return `<div class="wide" tabindex="0" role="region" aria-label="${escape(label)}">${content}</div>`;
}

function plot(rows: readonly Row[], field: PlotField, title: string, column?: 'pass'): Promise<string> {
  return svgOf(dotPlot(rows, field, title, { column, ink: 'currentColor', line: '#8888884d' }));
}

function svgOf(spec: TopLevelSpec): Promise<string> {
  return new View(parse(compile(spec).spec), { renderer: 'none' }).toSVG();
}

/** A cell, and of which class: 'text' is left-aligned. */
type Column<T> = readonly [head: string, cell: (row: T) => string | number, classOf?: string | ((row: T) => string)];

function table<T>(
  label: string,
  columns: readonly Column<T>[],
  rows: readonly T[],
  classOf: (row: T, n: number) => string,
): string {
  const head = columns.map(([name, , kind]) => `<th${kind === 'text' ? ' class="text"' : ''}>${name}`).join('');
  const lines = rows.map((row, n) => {
    const cells = columns.map(([, cell, kind = '']) => {
      const name = typeof kind === 'string' ? kind : kind(row);
      return `<td${name && ` class="${name}"`}>${cell(row)}`;
    });
    return `<tr${classOf(row, n) && ` class="${classOf(row, n)}"`}>${cells.join('')}`;
  });
  return wide(label, `<table><tr>${head}\n${lines.join('\n')}</table>`);
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
  return table('Geometric means', columns, means(rows), () => '');
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
  return table('All numbers', columns, rows, (row, n) => (isFirst(row, n) ? 'first' : ''));
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
