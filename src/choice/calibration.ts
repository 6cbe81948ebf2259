// SPDX-License-Identifier: Apache-2.0
/** Coefficients of the cost model, written by `npm run calibrate`: don't edit. */
export const CALIBRATION = {
  command: 'npm start && npm run bench:webgl && npm run calibrate',
  machines: {
    cpu: 'cpu: AMD EPYC, 2 cores, one thread used, simd engine; Node v20.20.2',
    webgl: 'ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)',
  },
  date: '2026-11-21T16:20:57.431Z',
  models: {
    cpu: {
      forward: {
        scatter: { call: 0.0841, multiplyAdds: 0.0452, moved: 0.939 },
        dilate: { call: 0.223, multiplyAdds: 0.0387, moved: 0 },
        matmul: { call: 0.0658, multiplyAdds: 0.0475, moved: 1.04 },
        subpixel: { call: 0.0196, multiplyAdds: 0.0356, moved: 3.94 },
      },
    },
    webgl: {
      forward: {
        scatter: { call: 11.9, multiplyAdds: 2.86, moved: 106 },
        dilate: { call: 1.8, multiplyAdds: 0.23, moved: 9.03 },
        matmul: { call: 1.64, multiplyAdds: 0.318, moved: 31.8 },
        subpixel: { call: 1.47, multiplyAdds: 0.261, moved: 37.2 },
        stock: { call: 6.86, multiplyAdds: 0.347, moved: 101 },
      },
      'input gradient': {
        ours: { call: 0.531, multiplyAdds: 0.269, moved: 17 },
        stock: { call: 0.539, multiplyAdds: 0.536, moved: 23.6 },
      },
      'filter gradient': {
        ours: { call: 2.11, multiplyAdds: 0.328, moved: 5.42 },
        stock: { call: 4.11, multiplyAdds: 4.49, moved: 0 },
      },
    },
  },
};
