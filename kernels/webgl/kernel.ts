// SPDX-License-Identifier: Apache-2.0
/**
 * What the kernels of this room share: a plan is made once for a geometry and a device, and a call is run within a
 * scope (drawing/scope) that gives back all that was made for it.
 */
import { util } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type FamilyKernel, SUPPORTED, type Support, type Unsupported, unsupported } from '../../src/contract';
import type { Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import { keptBy } from '../../src/geometry/kept';
import { type Device, deviceOf } from './device';
import { keptOf } from './drawing/context';
import { Scope } from './drawing/scope';
import { type Fused, fusedOf } from './programs/fused';
import { type ResultTexture, type TensorTexture, tensorOf } from './tfjs_internals';

/** A kernel: it plans, and it draws what it has planned. */
export interface WebGLKernel<P extends object> {
  /** All integers of a call, or why there is no such call here. */
  plan(g: Conv2DTransposeGeometry, device: Device): P | Unsupported;
  /** What else the machine has to have. */
  machine?(backend: MathBackendWebGL): Support;
  /** Operands are on the GPU. */
  run(scope: Scope, plan: P, first: TensorTexture, second: TensorTexture, fused: Fused): ResultTexture;
}

export function webglKernel<P extends object>({ plan, machine, run }: WebGLKernel<P>): FamilyKernel<MathBackendWebGL> {
  const planOf = keptBy((g: Conv2DTransposeGeometry) => keptBy((device: Device) => plan(g, device)));
  return {
    supports: (g, backend): Support => {
      if (g.batch === 0) return SUPPORTED;
      keptOf(backend).throwIfLost();
      const support = machine?.(backend) ?? SUPPORTED;
      if (!support.supported) return support;
      const device = deviceOf(backend);
      if (device.targets === 0) return unsupported(`WebGL can draw to no float texture here; ${device.reason}`);
      const planned = planOf(g)(device);
      return 'reason' in planned ? planned : SUPPORTED;
    },
    run: ({ backend, geometry: g, first, second, outShape, fused }) => {
      if (g.batch === 0) {
        return tensorOf(backend, outShape, new Float32Array(util.sizeFromShape(outShape)));
      }
      const planned = planOf(g)(deviceOf(backend));
      if ('reason' in planned) throw new Error(planned.reason);
      return Scope.run(backend, (scope) => {
        const [$first, $second] = [scope.tensor(first), scope.tensor(second)];
        return run(scope, planned, $first, $second, fusedOf(scope, fused));
      });
    },
  };
}
