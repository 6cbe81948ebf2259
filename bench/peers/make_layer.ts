// SPDX-License-Identifier: Apache-2.0
import seedrandom from 'seedrandom';
import { filterShapeOf, xShapeOf } from '../../src/geometry/geometry';
import type { Workload } from '../workloads';
import type { Layer } from './peers';

/** x and filter of a workload, uniform in [−1, 1), the same for the same name. */
export function makeLayer(workload: Workload): Layer {
  const uniform = (shape: readonly number[], salt: string): Float32Array => {
    const next = seedrandom.alea(`${workload.name} ${salt}`);
    return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 2 * next() - 1);
  };
  return {
    workload,
    x: uniform(xShapeOf(workload.geometry), 'x'),
    filter: uniform(filterShapeOf(workload.geometry), 'filter'),
  };
}
