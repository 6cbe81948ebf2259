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
  date: '2026-11-22T06:50:50.900Z',
  models: {
    cpu: {
      forward: {
        scatter: { call: 0.00491, multiplyAdds: 0.0499, moved: 0.541 },
        dilate: { call: 0.00435, multiplyAdds: 0.0401, moved: 0.68 },
        matmul: { call: 0.00448, multiplyAdds: 0.0508, moved: 0.665 },
        subpixel: { call: 0.00381, multiplyAdds: 0.0438, moved: 1.21 },
        winograd: { call: 0.00385, multiplyAdds: 0.0601, moved: 0.0896 },
      },
    },
    wasm: {
      'input gradient': {
        ours: { call: 0.00503, multiplyAdds: 0.0493, moved: 0.49 },
        stock: { call: 0.00265, multiplyAdds: 0.0647, moved: 0.186 },
      },
    },
    webgl: {
      forward: {
        scatter: { call: 2.06, multiplyAdds: 3.58, moved: 53.6 },
        dilate: { call: 0.964, multiplyAdds: 0.241, moved: 17.3 },
        matmul: { call: 0.804, multiplyAdds: 0.324, moved: 27.3 },
        subpixel: { call: 0.847, multiplyAdds: 0.245, moved: 38.9 },
        stock: { call: 0.663, multiplyAdds: 2.24, moved: 121 },
      },
      'input gradient': {
        ours: { call: 0.589, multiplyAdds: 0.267, moved: 29.8 },
        stock: { call: 0.516, multiplyAdds: 0.639, moved: 14.4 },
      },
      'filter gradient': {
        ours: { call: 0.762, multiplyAdds: 0.261, moved: 15.2 },
        stock: { call: 0.661, multiplyAdds: 4.92, moved: 12.4 },
      },
    },
  },
};
