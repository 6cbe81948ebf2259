// SPDX-License-Identifier: Apache-2.0
/** The results as one HTML file with its plots inside (static SVG by Vega-Lite): it opens without a server or a network. */
import { View, parse } from 'vega';
import { compile } from 'vega-lite';
import { type PlotField, dotPlot } from './dot_plot';
import { errorText, significant } from './numbers';
import type { Results, Row } from './results';
import { means } from './tables';

export async function writeReport(results: Results): Promise<string> {
  const { rows } = results;
  const forward = rows.filter(({ pass }) => pass === 'forward');
  const gradients = rows.filter(({ pass }) => pass !== 'forward');
  const plots: [string, string][] = [];
  for (const backend of new Set(rows.map((row) => row.backend))) {
    const on = (row: Row): boolean => row.backend === backend;
    plots.push(
      [
        `Forward pass on ${backend}: useful GFLOP/s`,
        await plot(forward.filter(on), 'gflops', 'GFLOP/s, useful operations, log scale'),
      ],
      [
        `Forward pass on ${backend}: time against stock`,
        await plot(
          forward.filter((row) => on(row) && row.contender !== 'stock'),
          'ratio',
          'times as fast as stock, log scale',
        ),
      ],
      [
        `Gradients on ${backend}: time of one call`,
        await plot(gradients.filter(on), 'ms', 'milliseconds, log scale', 'pass'),
      ],
    );
  }
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>conv2dTranspose: variants and stock, compared</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #111; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.85rem; }
  th, td { padding: 0.15rem 0.6rem; text-align: right; border-bottom: 1px solid #e5e7eb; }
  th { position: sticky; top: 0; background: #fff; }
  td.text, th.text { text-align: left; white-space: nowrap; }
  tr.first td { border-top: 2px solid #9ca3af; }
  .wrong { background: #fecaca; font-weight: bold; }
  figure { margin: 2rem 0; overflow-x: auto; }
  figcaption { font-weight: 600; margin-bottom: 0.5rem; }
  .note { color: #4b5563; font-size: 0.85rem; }
</style>
<h1>Transposed convolution in TensorFlow.js</h1>
<p>${escape(results.machine)}; tfjs ${escape(results.versions.tfjs)}; ${escape(results.date)}; ${results.seconds.toFixed(0)} s in all.
All contenders of a layer ran interleaved; times are medians. Useful operations are the multiply-adds of the definition, two each.
The error is the worst of sampled elements, in units of the bound ε32·K·Σ|products|: above 1 is wrong.</p>
${results.skipped.length > 0 ? `<p class="note">Skipped: ${escape(results.skipped.join('; '))}</p>` : ''}
<h2>Geometric means over the layers</h2>
${meansTable(rows)}
${plots.map(([title, svg]) => `<figure><figcaption>${escape(title)}</figcaption>${svg}</figure>`).join('\n')}
<h2>All numbers</h2>
${rowsTable(rows)}
</html>`;
}

async function plot(rows: readonly Row[], field: PlotField, title: string, column?: 'pass'): Promise<string> {
  return new View(parse(compile(dotPlot(rows, field, title, { column })).spec), { renderer: 'none' }).toSVG();
}

function meansTable(rows: readonly Row[]): string {
  const body = means(rows)
    .map(
      ({ backend, pass, contender, ratio, worst, worstLayer, gflops }) =>
        `<tr><td class="text">${backend}<td class="text">${pass}<td class="text">${contender}<td>${significant(ratio)}×<td>${significant(worst)}× <span class="note">${worstLayer}</span><td>${significant(gflops)}`,
    )
    .join('\n');
  return `<table><tr><th class="text">backend<th class="text">pass<th class="text">by<th>× stock<th>least<th>GFLOP/s\n${body}</table>`;
}

function rowsTable(rows: readonly Row[]): string {
  const body = rows
    .map((row, n) => {
      const before = rows[n - 1];
      const first = before?.workload !== row.workload || before.pass !== row.pass;
      const error =
        row.error === undefined
          ? '<td class="note">not run'
          : `<td${row.error <= 1 ? '' : ' class="wrong"'}>${errorText(row.error)}`;
      return `<tr${first ? ' class="first"' : ''}><td class="text">${row.backend}<td class="text">${row.workload}<td class="text">${row.pass}<td class="text">${row.contender}<td>${row.runs === 0 ? '~' : ''}${significant(row.ms)}<td>${significant(row.gflops)}<td>${row.ratio === undefined ? '' : significant(row.ratio)}${error}<td>${row.scratchBytes === undefined ? '' : significant(row.scratchBytes / 1024)}<td class="text note">${escape(row.note)}`;
    })
    .join('\n');
  return `<table><tr><th class="text">backend<th class="text">layer<th class="text">pass<th class="text">by<th>ms<th>GFLOP/s<th>× stock<th>err/bound<th>scratch KB<th class="text">note\n${body}</table>`;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
