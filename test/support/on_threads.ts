// SPDX-License-Identifier: Apache-2.0
/** What threads make of every pass of a layer, beside what one makes of it: bitwise the same. */
import { compile } from '../../kernels/engine/compile';
import type { Plan } from '../../kernels/engine/engine';
import { currentEngine, moduleBytes } from '../../kernels/engine/engines';
import { Pool } from '../../kernels/engine/threads/pool';
import { backpropFilter } from '../../kernels/family/backprop_filter';
import { backpropInput } from '../../kernels/family/backprop_input';
import { dilate } from '../../kernels/family/dilate';
import { matmul } from '../../kernels/family/matmul';
import { scatter } from '../../kernels/family/scatter';
import { subpixel } from '../../kernels/family/subpixel';
import { supportsWinograd, winograd, winogradInput } from '../../kernels/family/winograd';
import { computeGeometry } from '../../src';
import { type Layer, requestOf } from './layer';

export type ThreadPool = Pool;

const PASSES = {
  scatter: { planOf: scatter, takes: ['x', 'filter'] },
  dilate: { planOf: dilate, takes: ['x', 'filter'] },
  matmul: { planOf: matmul, takes: ['x', 'filter'] },
  subpixel: { planOf: subpixel, takes: ['x', 'filter'] },
  winograd: { planOf: winograd, supports: supportsWinograd, takes: ['x', 'filter'] },
  'winograd, input gradient': { planOf: winogradInput, supports: supportsWinograd, takes: ['dy', 'filter'] },
  'input gradient': { planOf: backpropInput, takes: ['dy', 'filter'] },
  'filter gradient': { planOf: backpropFilter, takes: ['x', 'dy'] },
} as const;

/** A pool of so many threads for the engine in use, this one included. */
export function startPool(count: number): Promise<Pool> {
  return Pool.start(moduleBytes(currentEngine().name as 'simd'), count, () => undefined);
}

/** How many passes a layer has, however small they are, and in which of them threads differ from one in any bit. */
export function compareWithOne(
  pool: Pool,
  count: number,
  l: Layer,
  operands: Readonly<Record<'x' | 'filter' | 'dy', Float32Array>>,
): { readonly comparisons: number; readonly different: readonly string[] } {
  const geometry = computeGeometry(requestOf(l));
  const different: string[] = [];
  let comparisons = 0;
  for (const [pass, { planOf, takes, ...rest }] of Object.entries(PASSES)) {
    if ('supports' in rest && !rest.supports(geometry).supported) continue;
    comparisons++;
    const plan: Plan = planOf(geometry);
    const [first, second] = takes.map((operand) => operands[operand]);
    const alone = currentEngine().run(plan, first, second, (values) => values.slice());
    const together = pool.run(compile(plan, 'copied', count), plan.lengths.out, first, second, true).values;
    if (alone.some((value, n) => !Object.is(value, together[n]))) different.push(pass);
  }
  return { comparisons, different };
}
