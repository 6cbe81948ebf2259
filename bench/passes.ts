// SPDX-License-Identifier: Apache-2.0
/** The three passes of a layer (forward and both gradients), and who computes them: our kernels, and stock tfjs. */
import * as tf from '@tensorflow/tfjs-core';
import { type Support, type Variant, conv2dTranspose } from '../src';
import {
  type Conv2DTransposeAttrs,
  PASS_OPERANDS,
  type Pass,
  stockKernelOf,
  SUPPORTED,
  kernelNameFor,
  unsupported,
} from '../src/contract';
import { yShapeOf } from '../src/geometry/geometry';
import { readWhole, waitForGPU } from './as_users';
import type { Runner } from './interleave';
import type { Operands } from './operands';
import type { Workload } from './workloads';

export { PASSES, type Pass } from '../src/contract';

/** Somebody who computes a pass. `run` returns a tensor to dispose of. */
export interface Contender {
  name: string;
  run(): tf.Tensor;
  /** The variant that it took, if it chose one itself. */
  took?: Variant;
  /** The same work on a part of the channels, and by what its time is to be multiplied, for the very slow. */
  reduced?: { run(): tf.Tensor; factor: number; label: string };
}

/** A contender as it is timed: each call reads the whole result; where it is hot, it only waits for the GPU. */
export function runnerOf<C extends Contender>(contender: C): Runner {
  const { name, reduced } = contender;
  const read = (run: () => tf.Tensor): Float32Array | Promise<Float32Array> => {
    const result = run();
    const values = readWhole(result);
    if (values instanceof Promise) return values.finally(() => result.dispose());
    result.dispose();
    return values;
  };
  return {
    name,
    run: () => read(() => contender.run()),
    async runHot() {
      const result = contender.run();
      await waitForGPU(result);
      result.dispose();
    },
    ...(reduced && { reduced: { ...reduced, run: () => read(reduced.run) } }),
  };
}

/** Ours: each variant for the forward pass, one kernel for either gradient. */
export function ourContenders(
  pass: Pass,
  { geometry }: Pick<Workload, 'geometry'>,
  operands: Operands,
  variants: readonly Variant[],
): Contender[] {
  const [first, second] = PASS_OPERANDS[pass].takes;
  const inputs = { [first]: operands[first], [second]: operands[second] };
  return (pass === 'forward' ? variants : (['ours'] as const)).map((name) => {
    const attrs: Conv2DTransposeAttrs = { geometry, variant: name === 'ours' ? 'subpixel' : name };
    const kernelName = kernelNameFor(pass, name);
    return { name, run: () => tf.engine().runKernel(kernelName, inputs, attrs as unknown as tf.NamedAttrMap) };
  });
}

/** Our op as users call it: 'auto', or composed of core ops where there are no kernels. */
export function opContender({ geometry: g, pad }: Workload, { x, filter }: Operands): Contender {
  const strides: [number, number] = [g.strideHeight, g.strideWidth];
  const options = { dilations: [g.dilationHeight, g.dilationWidth] as [number, number], groups: g.groups };
  return { name: 'ours', run: () => conv2dTranspose(x, filter, yShapeOf(g), strides, pad, options) };
}

/** Whether stock tfjs can compute a pass on the backend that is set. */
export function supportOfStock(pass: Pass, { geometry: g }: Workload): Support {
  if (g.dilationHeight > 1 || g.dilationWidth > 1 || g.groups > 1)
    return unsupported('stock tfjs has no dilation and no groups');
  const backend = tf.getBackend();
  return tf.getKernel(stockKernelOf(pass, g), backend) ? SUPPORTED : unsupported(`stock ${backend} has no ${pass}`);
}

/** Stock tfjs: conv2dTranspose, and what its autodiff runs for either gradient. */
export function stockContender(pass: Pass, { geometry: g, pad }: Workload, { x, filter, dy }: Operands): Contender {
  const strides: [number, number] = [g.strideHeight, g.strideWidth];
  if (pass === 'forward') return { name: 'stock', run: () => tf.conv2dTranspose(x, filter, yShapeOf(g), strides, pad) };
  if (pass === 'input gradient') return { name: 'stock', run: () => tf.conv2d(dy, filter, strides, pad) };
  const filterGradient = ($x: tf.Tensor): tf.Tensor => {
    const filterShape = [g.filterHeight, g.filterWidth, g.outChannels, $x.shape[3]];
    const attrs = { strides, pad, dataFormat: 'NHWC', filterShape };
    return tf.engine().runKernel(tf.Conv2DBackpropFilter, { x: dy, dy: $x }, attrs as unknown as tf.NamedAttrMap);
  };
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
