// SPDX-License-Identifier: Apache-2.0
/**
 * Registers the kernels of the `webgpu` backend when imported, as `@tensorflow/tfjs-backend-webgpu` does its own. Where
 * a browser has no WebGPU that costs nothing and breaks nothing.
 *
 * To follow one forward pass: ./subpixel, ./correlate (what is asked for, the plan and its tile), programs/correlation
 * (the WGSL), ./scope (one call), ./tfjs_internals.
 */
import { type BackendDescriptor, DENSE_CONVOLUTIONS, DEPTHWISE_GRADIENTS, registerBackend } from '../../src/contract';
import { backpropFilter } from './backprop_filter';
import { backpropInput } from './backprop_input';
import { leavesToStock, probe, settings, settle } from './device';
import { dilate } from './dilate';
import { holds } from './kernel';
import { matmul } from './matmul';
import { scatter } from './scatter';
import { subpixel } from './subpixel';
import { adapterNameOf } from './tfjs_internals';

export const descriptor: BackendDescriptor = {
  name: 'webgpu',
  runsOn: 'gpu',
  device: adapterNameOf,
  probe,
  holds,
  // Stock's depthwise convolution is a little faster than ours, its gradients are not.
  replaces: [...DENSE_CONVOLUTIONS, ...DEPTHWISE_GRADIENTS],
  variants: { scatter, dilate, matmul, subpixel },
  backpropInput,
  backpropFilter,
  leavesToStock,
  settings,
  settle,
};

registerBackend(descriptor);
