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
  date: '2026-11-22T08:00:23.828Z',
  models: {
    cpu: {
      forward: {
        scatter: { call: 0.00651, multiplyAdds: 0.0558, moved: 0.685 },
        dilate: { call: 0.00653, multiplyAdds: 0.0433, moved: 0.75 },
        matmul: { call: 0.00609, multiplyAdds: 0.055, moved: 0.886 },
        subpixel: { call: 0.00563, multiplyAdds: 0.0482, moved: 1.33 },
        winograd: { call: 0.00713, multiplyAdds: 0.0651, moved: 0.0669 },
      },
    },
    wasm: {
      'input gradient': {
        ours: { call: 0.00558, multiplyAdds: 0.0522, moved: 0.551 },
        stock: { call: 0.00287, multiplyAdds: 0.069, moved: 0.194 },
      },
    },
    webgl: {
      forward: {
        scatter: { call: 1.31, multiplyAdds: 3.62, moved: 76.3 },
        dilate: { call: 0.63, multiplyAdds: 0.25, moved: 15.5 },
        matmul: { call: 0.532, multiplyAdds: 0.304, moved: 31 },
        subpixel: { call: 0.606, multiplyAdds: 0.248, moved: 44.7 },
        stock: { call: 0.424, multiplyAdds: 2.43, moved: 120 },
      },
      'input gradient': {
        ours: { call: 0.535, multiplyAdds: 0.263, moved: 29.4 },
        stock: { call: 0.465, multiplyAdds: 0.609, moved: 15.4 },
      },
      'filter gradient': {
        ours: { call: 0.535, multiplyAdds: 0.242, moved: 19.1 },
        stock: { call: 0.438, multiplyAdds: 5.12, moved: 23.7 },
      },
    },
  },
};
