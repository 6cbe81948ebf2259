// SPDX-License-Identifier: Apache-2.0
/** What a comparison comes to, in a sentence and a plot. */
import type { TopLevelSpec } from 'vega-lite';
import { geometricMean } from './averages';
import { plotConfig } from './dot_plot';
import { counted, significant } from './numbers';
import { type ModelRow, type Results, type Row, isWrong } from './results';

/** A forward pass by the best of ours, against stock. */
export interface Best {
  readonly backend: string;
  readonly workload: string;
  readonly ratio: number;
  readonly contender: string;
}

/** The best variant of each layer on each backend, where stock ran as well. */
export function bestOf(rows: readonly Row[]): Best[] {
  const best = new Map<string, Best>();
  for (const row of rows) {
    const { backend, workload, pass, contender, ratio } = row;
    if (pass !== 'forward' || contender === 'stock' || ratio === undefined || isWrong(row)) continue;
    const key = `${backend} ${workload}`;
    if (ratio > (best.get(key)?.ratio ?? 0)) best.set(key, { backend, workload, ratio, contender });
  }
  return [...best.values()];
}

/**
 * '27.8 on cpu, 13 on wasm (18 layers)': geometric means by backend, and of how many. One that had no time for some has
 * its mean over the others: then each says how many it had.
 */
function byBackend(some: readonly { readonly backend: string; readonly ratio?: number }[], what: string): string {
  const ratios = new Map<string, number[]>();
  for (const { backend, ratio } of some)
    if (ratio !== undefined) ratios.set(backend, [...(ratios.get(backend) ?? []), ratio]);
  const counts = [...ratios.values()].map(({ length }) => length);
  const isSame = counts.every((count) => count === counts[0]);
  const parts = [...ratios].map(([backend, of]) => {
    return `${significant(geometricMean(of))} on ${backend}${isSame ? '' : ` (${counted(of.length, what)})`}`;
  });
  return `${parts.join(', ')}${isSame ? ` (${counted(counts[0], what)})` : ''}`;
}

/** Who won by how much; '' if stock ran nowhere. */
export function headline({ rows, models }: Pick<Results, 'rows' | 'models'>): string {
  const best = bestOf(rows);
  const parts = [
    best.length > 0 && `layer by layer ${byBackend(best, 'layer')}, by the best variant (forward, geometric means)`,
    hasRatio(models) && `whole models under install() ${byBackend(models, 'model')}`,
  ].filter(Boolean);
  return parts.length > 0 ? `Times as fast as stock tfjs: ${parts.join('; ')}.` : '';
}

const hasRatio = (models: readonly ModelRow[]): boolean => models.some(({ ratio }) => ratio !== undefined);

/** A dot per layer and backend: how many times as fast as stock. */
export function overviewPlot(rows: readonly Row[]): TopLevelSpec {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: 270,
    height: { step: 36 },
    data: { values: bestOf(rows) },
    layer: [
      {
        mark: { type: 'point', filled: true, size: 70, opacity: 0.6, color: '#059669' },
        encoding: {
          y: { field: 'backend', type: 'nominal', sort: null, title: null },
          x: {
            field: 'ratio',
            type: 'quantitative',
            scale: { type: 'log' },
            title: 'times as fast as stock, log scale',
            axis: { format: '~g', tickCount: 6 },
          },
        },
      },
      { mark: { type: 'rule', aria: false, strokeDash: [4, 3], color: '#dc2626' }, encoding: { x: { datum: 1 } } },
    ],
    ...plotConfig('currentColor', '#8888884d'),
  };
}
