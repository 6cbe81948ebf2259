// SPDX-License-Identifier: Apache-2.0
/** What a machine's WebGL allows, as far as plans depend on it. */
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { Recent } from '../../src/geometry/kept';
import { glOf, maxTextureSize } from './tfjs_internals';

export interface Device {
  /** The largest width and height of a texture. */
  readonly textureSize: number;
  /** How many render targets a fragment can write to. */
  readonly targets: number;
}

const devices = /* @__PURE__ */ new Recent<Device>();

/** The device of a backend, by value: the same object for as long as no flag changes. So plans can be kept by it. */
export function deviceOf(backend: MathBackendWebGL): Device {
  const gl = glOf(backend);
  const textureSize = maxTextureSize();
  const targets = gl.getParameter(gl.MAX_DRAW_BUFFERS) as number;
  return devices.get(`${textureSize} ${targets}`, () => Object.freeze({ textureSize, targets }));
}
