// SPDX-License-Identifier: Apache-2.0
/** Registers the kernels of the `webgl` backend when imported, as `@tensorflow/tfjs-backend-webgl` does its own. */
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Conv2DTransposeGeometry, filterShapeOf, xShapeOf, yShapeOf } from '../../src/geometry/geometry';
import {
  Conv2DTransposeBackpropFilter,
  Conv2DTransposeBackpropInput,
  type Conv2DTransposeAttrs,
  KERNEL_OF_VARIANT,
  type Support,
  type Variant,
  type VariantKernelConfig,
  registerAll,
} from '../../src/contract';
import { backpropFilter, planBackpropFilter } from './backprop_filter';
import { backpropInput, planBackpropInput } from './backprop_input';
import { dilate, planDilate } from './dilate';
import { throwIfLost } from './draw';
import type { Epilogue } from './epilogue';
import { matmul, planMatmul } from './matmul';
import { type Limits, limitsOf, webgl2 } from './plan';
import { missingForScatter, planScatter, scatter } from './scatter';
import { planSubpixel, subpixel } from './subpixel';

/** A plan, or why there can be none. */
type Planner<P> = (g: Conv2DTransposeGeometry, limits: Limits) => P | string;
type Compute<P> = (
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  plan: P,
  first: TensorInfo,
  second: TensorInfo,
  epilogue?: Epilogue,
) => TensorInfo;

/** A kernel config that plans, and runs if there is anything to run. */
function webglKernel<P>(
  kernelName: string,
  inputNames: [string, string],
  plan: Planner<P>,
  compute: Compute<P>,
  shapeOf: (g: Conv2DTransposeGeometry) => number[],
): KernelConfig {
  return {
    kernelName,
    backendName: 'webgl',
    kernelFunc: ({ inputs, backend, attrs }): TensorInfo => {
      const webgl = backend as MathBackendWebGL;
      const g = attrs as unknown as Conv2DTransposeAttrs;
      throwIfLost(webgl.gpgpu.gl);
      const shape = shapeOf(g);
      if (g.batch === 0) return webgl.makeTensorInfo(shape, 'float32', new Float32Array(util.sizeFromShape(shape)));
      const version = webgl2();
      const planned = version.supported ? plan(g, limitsOf(webgl)) : version.reason;
      if (typeof planned === 'string') throw new Error(`${kernelName} cannot run on this WebGL: ${planned}`);
      const [first, second] = inputNames.map((name) => inputs[name]!);
      const { bias, preluActivationWeights: prelu } = inputs;
      const { activation = 'linear', leakyreluAlpha = 0.2 } = g;
      const epilogue = bias || activation !== 'linear' ? { bias, activation, prelu, leakyreluAlpha } : undefined;
      return compute(g, webgl, planned, first, second, epilogue);
    },
  };
}

function variantKernel<P>(
  variant: Variant,
  plan: Planner<P>,
  compute: Compute<P>,
  missing: (backend: MathBackendWebGL) => string = () => '',
): VariantKernelConfig {
  return {
    ...webglKernel(KERNEL_OF_VARIANT[variant], ['x', 'filter'], plan, compute, yShapeOf),
    device: (backend) => {
      const { gl } = (backend as MathBackendWebGL).gpgpu;
      const info = gl.getExtension('WEBGL_debug_renderer_info');
      return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
    },
    supports: (g, backend): Support => {
      const version = webgl2();
      if (!version.supported) return version;
      const webgl = backend as MathBackendWebGL;
      throwIfLost(webgl.gpgpu.gl);
      const limits = limitsOf(webgl);
      // Whoever computes forward will want gradients.
      const plans = g.batch === 0 ? [] : [plan, planBackpropInput, planBackpropFilter].map((make) => make(g, limits));
      const reason = [missing(webgl), ...plans].find((found) => typeof found === 'string' && found !== '');
      return reason === undefined ? { supported: true } : { supported: false, reason: reason as string };
    },
  };
}

registerAll([
  variantKernel('scatter', planScatter, scatter, missingForScatter),
  variantKernel('dilate', planDilate, dilate),
  variantKernel('matmul', planMatmul, matmul),
  variantKernel('subpixel', planSubpixel, subpixel),
  webglKernel(Conv2DTransposeBackpropInput, ['dy', 'filter'], planBackpropInput, backpropInput, xShapeOf),
  webglKernel(Conv2DTransposeBackpropFilter, ['x', 'dy'], planBackpropFilter, backpropFilter, filterShapeOf),
]);

export { programCount } from './draw';
