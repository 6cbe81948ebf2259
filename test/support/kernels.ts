// SPDX-License-Identifier: Apache-2.0
/** Runs the op and the adjoint kernels on plain arrays, and returns plain arrays; disposes of everything. */
import * as tf from '@tensorflow/tfjs-core';
import {
  Conv2DTransposeBackpropFilter,
  Conv2DTransposeBackpropInput,
  type Variant,
  computeGeometry,
  conv2dTranspose,
} from '../../src';
import { type Layer, explicitPad, filterShape, xShape, yShape } from './layer';

/** What the op takes for a layer, after x and filter. */
export function opArguments(
  l: Layer,
  variant: Variant | 'auto' = 'auto',
): [undefined, [number, number], ReturnType<typeof explicitPad>, NonNullable<Parameters<typeof conv2dTranspose>[5]>] {
  const { strides, dilations, groups, outputPadding } = l;
  return [undefined, strides, explicitPad(l), { dilations, groups, outputPadding, variant }];
}

export function runForward(l: Layer, x: Float32Array, filter: Float32Array, variant: Variant | 'auto'): Float32Array {
  return values(() =>
    conv2dTranspose(tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l)), ...opArguments(l, variant)),
  );
}

export function runBackpropInput(l: Layer, dy: Float32Array, filter: Float32Array): Float32Array {
  return values(() =>
    tf
      .engine()
      .runKernel(
        Conv2DTransposeBackpropInput,
        { dy: tf.tensor4d(dy, yShape(l)), filter: tf.tensor4d(filter, filterShape(l)) },
        kernelAttrs(l),
      ),
  );
}

export function runBackpropFilter(l: Layer, x: Float32Array, dy: Float32Array): Float32Array {
  return values(() =>
    tf
      .engine()
      .runKernel(
        Conv2DTransposeBackpropFilter,
        { x: tf.tensor4d(x, xShape(l)), dy: tf.tensor4d(dy, yShape(l)) },
        kernelAttrs(l),
      ),
  );
}

function kernelAttrs(l: Layer): tf.NamedAttrMap {
  const { strides, dilations, groups, outputPadding } = l;
  const geometry = computeGeometry({
    xShape: xShape(l),
    filterShape: filterShape(l),
    strides,
    dilations,
    groups,
    outputPadding,
    pad: explicitPad(l),
  });
  return { ...geometry, variant: 'subpixel' } as unknown as tf.NamedAttrMap;
}

function values(compute: () => tf.Tensor): Float32Array {
  const result = tf.tidy(compute);
  const array = result.dataSync<'float32'>();
  result.dispose();
  return array;
}
