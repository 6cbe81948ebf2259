// SPDX-License-Identifier: Apache-2.0
/** Coefficients of the cost model, written by `npm run calibrate`: don't edit. */
/* eslint-disable @stylistic/max-len -- Names of renderers are as long as they are. */
export const CALIBRATION = {
  command: 'npm run calibrate',
  machines: {
    cpu: 'AMD EPYC, 2 cores, one thread used, simd engine; Node v20.20.2',
    wasm: 'AMD EPYC, 2 cores, one thread used, simd engine; Node v20.20.2',
    webgl:
      'Chromium 156.0.8078.79, ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)',
  },
  date: '2026-11-22T01:39:40.210Z',
  models: {
    cpu: {
      forward: {
        scatter: { call: 0.00385, multiplyAdds: 0.0487, moved: 0.533 },
        dilate: { call: 0.00356, multiplyAdds: 0.0398, moved: 0.722 },
        matmul: { call: 0.00361, multiplyAdds: 0.0499, moved: 0.666 },
        subpixel: { call: 0.00323, multiplyAdds: 0.0436, moved: 1.04 },
      },
    },
    wasm: {
      'input gradient': {
        ours: { call: 0.00527, multiplyAdds: 0.0507, moved: 0.458 },
        stock: { call: 0.00289, multiplyAdds: 0.0672, moved: 0.184 },
      },
    },
    webgl: {
      forward: {
        scatter: { call: 1.31, multiplyAdds: 3.38, moved: 59.2 },
        dilate: { call: 0.668, multiplyAdds: 0.231, moved: 15.7 },
        matmul: { call: 0.567, multiplyAdds: 0.298, moved: 27 },
        subpixel: { call: 0.583, multiplyAdds: 0.244, moved: 37.3 },
        stock: { call: 0.434, multiplyAdds: 0.374, moved: 166 },
      },
      'input gradient': {
        ours: { call: 0.567, multiplyAdds: 0.251, moved: 24.8 },
        stock: { call: 0.506, multiplyAdds: 0.551, moved: 13.6 },
      },
      'filter gradient': {
        ours: { call: 0.549, multiplyAdds: 0.265, moved: 14.5 },
        stock: { call: 0.473, multiplyAdds: 4.79, moved: 12.5 },
      },
    },
  },
};
