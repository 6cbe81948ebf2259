// SPDX-License-Identifier: Apache-2.0
/** The three passes of a layer (forward and both gradients), and who computes them: our kernels, and stock tfjs. */
import * as tf from '@tensorflow/tfjs-core';
import { Conv2DTransposeBackpropFilter, Conv2DTransposeBackpropInput, KERNEL_OF_VARIANT, type Variant } from '../src';
import { filterShapeOf, xShapeOf, yShapeOf } from '../src/geometry/geometry';
import type { Pass } from './pass_names';
import type { Workload } from './workloads';

export { PASSES, type Pass } from './pass_names';

/** Somebody who computes a pass. `run` returns a tensor to dispose of. */
export interface Contender {
  name: string;
  run(): tf.Tensor;
  /** The same work on a part of the channels, and by what its time is to be multiplied, for the very slow. */
  reduced?: { run(): tf.Tensor; factor: number; label: string };
}

/** The tensors of a layer: x, the filter and a cotangent, uniform in [−1, 1), the same for the same name. */
export interface Operands {
  x: tf.Tensor4D;
  filter: tf.Tensor4D;
  dy: tf.Tensor4D;
}

export function makeOperands({ name, geometry }: Workload): Operands {
  const uniform = (shape: [number, number, number, number], salt: string): tf.Tensor4D =>
    tf.randomUniform<tf.Rank.R4>(shape, -1, 1, 'float32', `${name} ${salt}`);
  return {
    x: uniform(xShapeOf(geometry), 'x'),
    filter: uniform(filterShapeOf(geometry), 'filter'),
    dy: uniform(yShapeOf(geometry), 'dy'),
  };
}

/** Ours: each variant for the forward pass, one kernel for either gradient. */
export function ourContenders(
  pass: Pass,
  { geometry }: Workload,
  { x, filter, dy }: Operands,
  variants: readonly Variant[],
): Contender[] {
  const kernel = (name: string, kernelName: string, inputs: tf.NamedTensorMap, variant: Variant): Contender => ({
    name,
    run: () => tf.engine().runKernel(kernelName, inputs, { geometry, variant } as unknown as tf.NamedAttrMap),
  });
  if (pass === 'forward')
    return variants.map((variant) => kernel(variant, KERNEL_OF_VARIANT[variant], { x, filter }, variant));
  return pass === 'input gradient'
    ? [kernel('ours', Conv2DTransposeBackpropInput, { dy, filter }, 'subpixel')]
    : [kernel('ours', Conv2DTransposeBackpropFilter, { x, dy }, 'subpixel')];
}

/** Stock tfjs: conv2dTranspose, and what its autodiff runs for either gradient. */
export function stockContender(pass: Pass, { geometry: g, pad }: Workload, { x, filter, dy }: Operands): Contender {
  const strides: [number, number] = [g.strideHeight, g.strideWidth];
  if (pass === 'forward') return { name: 'stock', run: () => tf.conv2dTranspose(x, filter, yShapeOf(g), strides, pad) };
  if (pass === 'input gradient') return { name: 'stock', run: () => tf.conv2d(dy, filter, strides, pad) };
  const filterGradient = ($x: tf.Tensor): tf.Tensor =>
    tf.engine().runKernel(tf.Conv2DBackpropFilter, { x: dy, dy: $x }, {
      strides,
      pad,
      dataFormat: 'NHWC',
      filterShape: [g.filterHeight, g.filterWidth, g.outChannels, $x.shape[3]],
    } as unknown as tf.NamedAttrMap);
  return {
    name: 'stock',
    run: () => filterGradient(x),
    reduced: {
      run: () => tf.tidy(() => filterGradient(tf.slice(x, [0, 0, 0, 0], [-1, -1, -1, 1]))),
      factor: g.inChannels,
      label: `from 1 of ${g.inChannels} input channels`,
    },
  };
}
