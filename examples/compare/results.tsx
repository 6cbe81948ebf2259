// SPDX-License-Identifier: Apache-2.0
/** The table and the plot of results. A wrong result is red, and counts for nothing. */
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { View, parse } from 'vega';
import { compile } from 'vega-lite';
import { type PlotField, dotPlot } from '../../bench/dot_plot';
import { significant } from '../../bench/numbers';
import { isWrong } from '../../bench/results';
import { Select } from '../site/select';
import { type Cell, type LabRow, cellsOf, isJudged, verdictOn } from './verdict';

const ERROR_TITLE =
  'Worst sampled error over the bound ε32·K·Σ|products| that the definition in float64 allows; above 1 is wrong';
const MEMORY_TITLE =
  'Where ours run on the CPU, their scratch memory besides the tensors; on webgl and webgpu the textures or buffers ' +
  'that a call makes, its result among them';
const COLUMNS = 9;

/** 'auto → subpixel' */
export function nameOf({ contender, took }: LabRow): string {
  return took ? `${contender} → ${took}` : contender;
}

export function ResultTable({ rows }: { rows: readonly LabRow[] }): VNode {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Results, row by row">
      <table data-testid="results" class="sticky">
        <thead>
          <tr>
            <th class="text">by</th>
            <th>ms</th>
            <th>× stock</th>
            <th class="text">verdict</th>
            <th>samples</th>
            <th>GFLOP/s</th>
            <th title={ERROR_TITLE}>error / bound</th>
            <th>first call</th>
            <th title={MEMORY_TITLE}>memory</th>
          </tr>
        </thead>
        {cellsOf(rows).map((cell) => (
          <tbody>
            <tr class="first">
              <th class="text" scope="rowgroup" colSpan={COLUMNS}>
                <span>
                  {cell.backend} · {cell.workload} · {cell.pass}
                  {cell.why !== '' && cell.rows.length > 1 && <small>: no verdict, {cell.why}</small>}
                </span>
              </th>
            </tr>
            {cell.rows.map((row) => (
              <ResultRow row={row} cell={cell} />
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function ResultRow({ row, cell }: { row: LabRow; cell: Cell }): VNode {
  const { kind, text } = verdictOn(row, cell);
  const name = (
    <th class="text" scope="row">
      {nameOf(row)}
    </th>
  );
  if (row.reason !== undefined)
    return (
      <tr class={kind}>
        {name}
        <td class="text note" colSpan={COLUMNS - 1}>
          <span>{text}</span>
        </td>
      </tr>
    );
  const stock = cell.rows.find(({ contender }) => contender === 'stock');
  const isCertain = stock !== undefined && isJudged(stock) && isJudged(row);
  return (
    <tr class={kind}>
      {name}
      <td title={row.interval && `between ${row.interval.map(significant).join(' and ')}`}>
        {row.runs === 0 ? '~' : ''}
        {significant(row.ms)}
      </td>
      <td>{row.ratio === undefined ? '' : `${isCertain ? '' : '~'}${significant(row.ratio)}×`}</td>
      <td class="text note">{text}</td>
      <td>{row.runs}</td>
      <td>{significant(row.gflops)}</td>
      <td>{row.error === undefined ? '' : significant(row.error)}</td>
      <td>{row.firstMs === undefined ? '' : `${significant(row.firstMs)} ms`}</td>
      <td>{row.scratchBytes === undefined ? '' : `${significant(row.scratchBytes / 1024)} KB`}</td>
    </tr>
  );
}

const FIELDS: Readonly<Record<PlotField, string>> = {
  ms: 'Time (ms)',
  gflops: 'Useful GFLOP/s',
  ratio: 'Times as fast as stock',
  error: 'Error / bound (1 is wrong)',
  firstMs: 'First call (ms)',
  scratchBytes: 'Memory (bytes)',
};
const FIELD_NAMES = Object.keys(FIELDS) as PlotField[];

/** Pixels of a letter of a label, beside the labels, between plots, and of a plot that is neither cramped nor lost. */
const LETTER = 6;
const BESIDE = 20;
const BETWEEN = 24;
const [NARROWEST, WIDEST] = [210, 420];

export function ResultPlot({ rows }: { rows: readonly LabRow[] }): VNode {
  const [field, setField] = useState<PlotField>('ms');
  const [space, setSpace] = useState(0);
  const place = useRef<HTMLDivElement>(null);
  const canBePlotted = (row: LabRow): boolean => Number.isFinite(row[field]) && row[field]! > 0;
  const shown = rows.filter((row) => canBePlotted(row) && (field === 'error' || !isWrong(row)));
  const onePass = new Set(shown.map(({ pass }) => pass)).size < 2;
  useEffect(() => {
    const watch = new ResizeObserver(([{ contentRect }]) => setSpace(contentRect.width));
    watch.observe(place.current!);
    return () => watch.disconnect();
  }, [field]);
  useEffect(() => {
    if (space === 0 || shown.length === 0) return;
    const labelled = shown.map((row) => ({
      ...row,
      workload: onePass ? row.workload : `${row.workload}, ${row.pass}`,
    }));
    const labels = Math.min(200, Math.max(...labelled.map(({ workload }) => workload.length)) * LETTER) + BESIDE;
    const backends = new Set(shown.map(({ backend }) => backend)).size;
    const columns = Math.max(1, Math.min(backends, Math.floor((space - labels) / NARROWEST)));
    const width = Math.max(120, Math.min(WIDEST, (space - labels) / columns - BETWEEN));
    // Text has the colour of the text around it, so that the plot follows the theme.
    const look = { column: 'backend', columns, width, ink: 'currentColor', line: '#8888884d' } as const;
    const { spec } = compile(dotPlot(labelled, field, FIELDS[field], look));
    const view = new View(parse(spec), { renderer: 'svg', container: place.current!, hover: true });
    void view.runAsync();
    return () => view.finalize();
  }, [rows, field, space]);
  return (
    <>
      <Select
        label="What to plot"
        testId="plot-field"
        value={field}
        choices={FIELD_NAMES}
        text={(name) => FIELDS[name]}
        onChange={(name: PlotField) => setField(name)}
      />
      <div class="scroll plot" ref={place} data-testid="plot" key={field} />
      {shown.length === 0 && <p class="soft">Nothing of this to plot yet.</p>}
      {rows.some(isWrong) && field !== 'error' && <p class="bad">Wrong results are not plotted.</p>}
    </>
  );
}
