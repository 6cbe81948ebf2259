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
  date: '2026-11-22T00:51:09.229Z',
  models: {
    cpu: {
      forward: {
        scatter: { call: 0.00382, multiplyAdds: 0.049, moved: 0.543 },
        dilate: { call: 0.00357, multiplyAdds: 0.0398, moved: 0.718 },
        matmul: { call: 0.0035, multiplyAdds: 0.0495, moved: 0.742 },
        subpixel: { call: 0.00321, multiplyAdds: 0.0439, moved: 1.08 },
      },
    },
    wasm: {
      'input gradient': {
        ours: { call: 0.0047, multiplyAdds: 0.0854, moved: 0.198 },
        stock: { call: 0.00255, multiplyAdds: 0.12, moved: 0.213 },
      },
    },
    webgl: {
      forward: {
        scatter: { call: 1.31, multiplyAdds: 3.41, moved: 59.7 },
        dilate: { call: 0.677, multiplyAdds: 0.242, moved: 15.5 },
        matmul: { call: 0.575, multiplyAdds: 0.303, moved: 26.8 },
        subpixel: { call: 0.588, multiplyAdds: 0.246, moved: 37.4 },
        stock: { call: 0.444, multiplyAdds: 0.375, moved: 166 },
      },
      'input gradient': {
        ours: { call: 0.573, multiplyAdds: 0.255, moved: 25.1 },
        stock: { call: 0.508, multiplyAdds: 0.549, moved: 14.1 },
      },
      'filter gradient': {
        ours: { call: 0.595, multiplyAdds: 0.346, moved: 8.94 },
        stock: { call: 0.488, multiplyAdds: 4.98, moved: 0 },
      },
    },
  },
};
