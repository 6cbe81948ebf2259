// SPDX-License-Identifier: Apache-2.0
/** The table and the plots of a run. A wrong result is red, and counts for nothing. */
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { View, parse } from 'vega';
import { compile } from 'vega-lite';
import { type PlotField, dotPlot } from '../../bench/dot_plot';
import { significant } from '../../bench/numbers';
import { isWrong } from '../../bench/results';
import { Tabs } from '../site/tabs';
import type { LabRow } from './worker';

/** Whether two rows are of the same backend, layer and pass. */
function isSameCell(a: LabRow, b: LabRow | undefined): boolean {
  return a.backend === b?.backend && a.workload === b.workload && a.pass === b.pass;
}

/** Whether a row is the fastest right result of its cell. */
function isBest(row: LabRow, rows: readonly LabRow[]): boolean {
  if (isWrong(row) || row.reason !== undefined) return false;
  const rivals = rows.filter((other) => isSameCell(row, other));
  return rivals.every((other) => other.reason !== undefined || isWrong(other) || other.ms >= row.ms);
}

function kindOf(row: LabRow, rows: readonly LabRow[]): 'unsupported' | 'wrong' | 'best' | '' {
  if (row.reason !== undefined) return 'unsupported';
  if (isWrong(row)) return 'wrong';
  return isBest(row, rows) ? 'best' : '';
}

const ERROR_TITLE =
  'Worst sampled error over the bound ε32·K·Σ|products| that the definition in float64 allows; above 1 is wrong';
const MEMORY_TITLE =
  'Where ours run on the CPU, their scratch memory besides the tensors; on webgl the textures that a call makes, its ' +
  'result among them';

export function ResultTable({ rows }: { rows: readonly LabRow[] }): VNode {
  const onePass = new Set(rows.map(({ pass }) => pass)).size < 2;
  return (
    <div class="scroll" tabIndex={0}>
      <table data-testid="results">
        <thead>
          <tr>
            <th class="text">backend</th>
            <th class="text">layer</th>
            {!onePass && <th class="text">pass</th>}
            <th class="text">by</th>
            <th>ms</th>
            <th>GFLOP/s</th>
            <th>× stock</th>
            <th title={ERROR_TITLE}>error / bound</th>
            <th>first call</th>
            <th title={MEMORY_TITLE}>memory</th>
            <th class="text">note</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, n) => (
            <tr class={`${isSameCell(row, rows[n - 1]) ? '' : 'first'} ${kindOf(row, rows)}`}>
              <td class="text">{row.backend}</td>
              <td class="text">{row.workload}</td>
              {!onePass && <td class="text">{row.pass}</td>}
              <td class="text">{row.contender}</td>
              <td>{row.reason !== undefined ? '' : `${row.runs === 0 ? '~' : ''}${significant(row.ms)}`}</td>
              <td>{row.reason !== undefined ? '' : significant(row.gflops)}</td>
              <td>{row.ratio === undefined ? '' : `${significant(row.ratio)}×`}</td>
              <td>{row.error === undefined ? '' : significant(row.error)}</td>
              <td>{row.firstMs === undefined ? '' : `${significant(row.firstMs)} ms`}</td>
              <td>{row.scratchBytes === undefined ? '' : `${significant(row.scratchBytes / 1024)} KB`}</td>
              <td class="text note">
                {row.reason ?? (isWrong(row) ? 'WRONG' : isBest(row, rows) ? 'fastest' : row.note)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
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

export function ResultPlot({ rows }: { rows: readonly LabRow[] }): VNode {
  const [field, setField] = useState<PlotField>('ms');
  const place = useRef<HTMLDivElement>(null);
  const canBePlotted = (row: LabRow): boolean => Number.isFinite(row[field]) && row[field]! > 0;
  const shown = rows.filter((row) => canBePlotted(row) && (field === 'error' || !isWrong(row)));
  const passes = new Set(shown.map(({ pass }) => pass));
  useEffect(() => {
    const element = place.current;
    if (!element || shown.length === 0) return;
    const { color: ink, borderTopColor: line } = getComputedStyle(element.closest('section')!);
    const backends = new Set(shown.map(({ backend }) => backend)).size;
    const width = Math.max(160, Math.min(560, (element.clientWidth - 240) / backends - 30));
    const labelled =
      passes.size > 1 ? shown.map((row) => ({ ...row, workload: `${row.workload}, ${row.pass}` })) : shown;
    const { spec } = compile(dotPlot(labelled, field, FIELDS[field], { column: 'backend', width, ink, line }));
    const view = new View(parse(spec), { renderer: 'svg', container: element, hover: true });
    void view.runAsync();
    return () => view.finalize();
  });
  return (
    <Tabs
      label="What to plot"
      names={Object.keys(FIELDS) as PlotField[]}
      chosen={field}
      tab={(name) => FIELDS[name]}
      onChoose={(name) => setField(name)}
    >
      <div class="scroll plot" ref={place} data-testid="plot" key={field} />
      {shown.length === 0 && <p class="soft">Nothing of this to plot yet.</p>}
      {rows.some(isWrong) && field !== 'error' && <p class="bad">Wrong results are not plotted.</p>}
    </Tabs>
  );
}
