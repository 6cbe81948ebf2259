// SPDX-License-Identifier: Apache-2.0
/**
 * What the kernels of this room share: a plan is made once for a geometry and a device, and a call is run within a
 * scope (./scope) that gives back all that was made for it.
 */
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { type FamilyKernel, SUPPORTED, type Support, type Unsupported } from '../../src/contract';
import { type Conv2DTransposeGeometry, filterShapeOf, xShapeOf, yShapeOf } from '../../src/geometry/geometry';
import { keptBy } from '../../src/geometry/kept';
import { type Device, deviceOf, checkDevice, tooLarge } from './device';
import { type Fused, fusedOf } from './programs/fused';
import { Scope } from './scope';
import { tensorOf } from './tfjs_internals';

/** A kernel: it plans, and it runs what it has planned. */
export interface WebGPUKernel<P extends object> {
  /** All integers of a call, or why there is no such call here. */
  plan(g: Conv2DTransposeGeometry, device: Device): P | Unsupported;
  /** Runs programs that write `output`. */
  run(scope: Scope, plan: P, first: TensorInfo, second: TensorInfo, output: TensorInfo, fused: Fused): void;
}

/** What has a buffer that is larger than programs see: none computes it, of ours or of tfjs's own. */
const tensorsTooLarge = (g: Conv2DTransposeGeometry, device: Device): Unsupported | undefined =>
  tooLarge(device, xShapeOf(g), filterShapeOf(g), yShapeOf(g));

/** Whether programs see all of the tensors of a geometry. */
export function holds(g: Conv2DTransposeGeometry, backend: WebGPUBackend): Support {
  return (g.batch > 0 && tensorsTooLarge(g, deviceOf(backend))) || SUPPORTED;
}

export function webgpuKernel<P extends object>({ plan, run }: WebGPUKernel<P>): FamilyKernel<WebGPUBackend> {
  const planOf = keptBy((g: Conv2DTransposeGeometry) =>
    keptBy((device: Device): P | Unsupported => tensorsTooLarge(g, device) ?? plan(g, device)),
  );
  return {
    supports: (g, backend): Support => {
      if (g.batch === 0) return SUPPORTED;
      const planned = planOf(g)(deviceOf(backend));
      return 'reason' in planned ? planned : SUPPORTED;
    },
    run: ({ backend, geometry: g, first, second, outShape, fused }) => {
      if (g.batch === 0) return tensorOf(backend, outShape, new Float32Array(util.sizeFromShape(outShape)));
      checkDevice(backend);
      const planned = planOf(g)(deviceOf(backend));
      if ('reason' in planned) throw new Error(planned.reason);
      return Scope.run(backend, (scope) => {
        const floats = (info: TensorInfo): TensorInfo => scope.floats(info);
        const output = scope.buffer(outShape);
        run(scope, planned, floats(first), floats(second), output, fusedOf(fused, floats));
        return output;
      });
    },
  };
}
