// SPDX-License-Identifier: Apache-2.0
/** Registers the kernels of the `webgl` backend when imported, as `@tensorflow/tfjs-backend-webgl` does its own. */
import { Conv2DBackpropFilter, Conv2DBackpropInput, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import {
  type BackendDescriptor,
  type FamilyKernel,
  SUPPORTED,
  type Support,
  registerBackend,
  unsupported,
} from '../../src/contract';
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
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

/** A kernel that plans, and runs if there is anything to run. */
function kernel<P>(
  plan: Planner<P>,
  compute: Compute<P>,
  missing: (backend: MathBackendWebGL) => string = () => '',
): FamilyKernel<MathBackendWebGL> {
  return {
    supports: (g, backend): Support => {
      if (g.batch === 0) return SUPPORTED;
      throwIfLost(backend.gpgpu.gl);
      const reason = missing(backend);
      const planned = plan(g, limitsOf(backend));
      if (reason === '' && typeof planned !== 'string') return SUPPORTED;
      return unsupported(reason || (planned as string));
    },
    run: ({ backend, geometry: g, first, second, outShape, fused }) => {
      throwIfLost(backend.gpgpu.gl);
      if (g.batch === 0)
        return backend.makeTensorInfo(outShape, 'float32', new Float32Array(util.sizeFromShape(outShape)));
      const planned = plan(g, limitsOf(backend)) as P;
      const epilogue = fused && { ...fused, prelu: fused.preluActivationWeights };
      return compute(g, backend, planned, first, second, epilogue);
    },
  };
}

export const descriptor: BackendDescriptor<MathBackendWebGL> = {
  name: 'webgl',
  runsOn: 'gpu',
  device: ({ gpgpu: { gl } }) => {
    const info = gl.getExtension('WEBGL_debug_renderer_info');
    return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  },
  probe: webgl2,
  replaces: [Conv2DBackpropInput, Conv2DBackpropFilter],
  variants: {
    scatter: kernel(planScatter, scatter, missingForScatter),
    dilate: kernel(planDilate, dilate),
    matmul: kernel(planMatmul, matmul),
    subpixel: kernel(planSubpixel, subpixel),
  },
  backpropInput: kernel(planBackpropInput, backpropInput),
  backpropFilter: kernel(planBackpropFilter, backpropFilter),
};

registerBackend(descriptor);

export { programCount } from './draw';
