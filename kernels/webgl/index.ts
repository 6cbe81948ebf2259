// SPDX-License-Identifier: Apache-2.0
/**
 * Registers the kernels of the `webgl` backend when imported, as `@tensorflow/tfjs-backend-webgl` does its own.
 *
 * To follow one forward pass: ./subpixel (what is asked for, and the four steps of a call), ./correlation (the
 * plan), ./correlate (its passes), layouts/target_grid and layouts/filter_texels (drawn), programs/correlation (the
 * GLSL), programs/result. Below them: drawing/scope (one call on the GPU), drawing/render_targets, ./tfjs_internals
 * and its ./proof_of_tensors.
 *
 * @module tfjs-conv2d-transpose/webgl
 */
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type BackendDescriptor, DENSE_CONVOLUTIONS, DEPTHWISE_GRADIENTS, registerBackend } from '../../src/contract';
import { backpropFilter } from './backprop_filter';
import { backpropInput } from './backprop_input';
import { isSoftware, settings } from './device';
import { dilate } from './dilate';
import { releaseKept } from './drawing/context';
import { scratch } from './drawing/render_targets';
import { matmul } from './matmul';
import { nameOf, probe } from './proof_of_tensors';
import { scatter } from './scatter';
import { subpixel } from './subpixel';

export const descriptor: BackendDescriptor<MathBackendWebGL> = {
  name: 'webgl',
  runsOn: 'gpu',
  device: nameOf,
  probe,
  // Stock's depthwise convolution is as fast as ours, its gradients are not.
  replaces: [...DENSE_CONVOLUTIONS, ...DEPTHWISE_GRADIENTS],
  variants: { scatter, dilate, matmul, subpixel },
  backpropInput,
  backpropFilter,
  scratch,
  settings,
  isCalibrated: isSoftware,
  release: releaseKept,
};

registerBackend(descriptor);

export { programCount } from './drawing/context';
