// SPDX-License-Identifier: Apache-2.0
/** What `tune` runs: a pass of a geometry by each who can compute it here, on operands made for it. */
import {
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor,
  engine,
  randomUniform,
  tidy,
} from '@tensorflow/tfjs-core';
import {
  type BackendDescriptor,
  type Contender,
  type Conv2DTransposeAttrs,
  type OurContender,
  PASS_OPERANDS,
  type Pass,
  SHAPE_OF,
  contendersOn,
  kernelNameFor,
} from '../contract';
import type { Conv2DTransposeGeometry } from '../geometry/geometry';
import { type Place, isAllowed, supportOfOurs } from './choose';
import { isInstalled, stockCall, stockShapes } from './stock';

/** What is raced for. */
export interface Task {
  readonly pass: Pass;
  readonly geometry: Conv2DTransposeGeometry;
}

/** Runs on operands of its own side: whoever is first to use a tensor decides how it lies on a GPU. */
type Run = (first: Tensor, second: Tensor) => Tensor;

/** How a contender of ours runs a pass. */
export function runOf({ pass, geometry }: Task, name: OurContender): Run {
  const [first, second] = PASS_OPERANDS[pass].takes;
  const attrs: Conv2DTransposeAttrs = { geometry, variant: name === 'ours' ? 'subpixel' : name };
  const inputs = (a: Tensor, b: Tensor): NamedTensorMap => ({ [first]: a, [second]: b });
  return (a, b) => engine().runKernel(kernelNameFor(pass, name), inputs(a, b), attrs as unknown as NamedAttrMap);
}

/** Who can compute a pass here, and how. */
export function contendersOf(task: Task, place: Place, descriptor: BackendDescriptor): Map<Contender, Run> {
  const { pass, geometry } = task;
  const runs = new Map<Contender, Run>();
  for (const name of contendersOn(descriptor, pass)) {
    if (isAllowed(pass, name, descriptor) && supportOfOurs(pass, name, geometry, place).supported)
      runs.set(name, runOf(task, name));
  }
  const stock = isInstalled(pass, geometry, place.backendName)
    ? stockCall(pass, geometry, place.backendName)
    : undefined;
  if (stock !== undefined && runs.size > 0) {
    const { kernel, operands, attrs } = stock;
    runs.set('stock', (a, b) => {
      const inputs = { [operands[0]]: a, [operands[1]]: b };
      const made = kernel.kernelFunc({ inputs, backend: place.backend, attrs });
      return engine().makeTensorFromTensorInfo(Array.isArray(made) ? made[0] : made);
    });
  }
  return runs;
}

/** The two operands of a pass, as ours take them. */
export function operandsOf({ pass, geometry }: Task): [Tensor, Tensor] {
  return make(PASS_OPERANDS[pass].takes.map((name) => SHAPE_OF[name](geometry)));
}

/** The same, as stock takes them. */
export function stockOperandsOf({ pass, geometry }: Task): [Tensor, Tensor] {
  return make(stockShapes(pass, geometry));
}

function make(shapes: readonly number[][]): [Tensor, Tensor] {
  return tidy(() => shapes.map((shape) => randomUniform(shape, -1, 1))) as [Tensor, Tensor];
}
