// SPDX-License-Identifier: Apache-2.0
/** Coefficients of the cost model, written by `npm run calibrate`: don't edit. */
export const CALIBRATION = {
  command: 'npm start && npm run bench:webgl && npm run calibrate',
  machines: {
    cpu: 'cpu: AMD EPYC, 2 cores, one thread used; Node v20.20.2',
    webgl: 'ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)',
  },
  date: '2026-11-20T16:26:36.389Z',
  models: {
    cpu: {
      forward: {
        scatter: { call: 0.0798, multiplyAdds: 0.0318, moved: 0.892 },
        dilate: { call: 0.225, multiplyAdds: 0.0283, moved: 0 },
        matmul: { call: 0.065, multiplyAdds: 0.0341, moved: 0.979 },
        subpixel: { call: 0.0539, multiplyAdds: 0.0305, moved: 3.1 },
      },
    },
    webgl: {
      forward: {
        scatter: { call: 7.76, multiplyAdds: 2.09, moved: 99.8 },
        dilate: { call: 1.35, multiplyAdds: 0.196, moved: 7.43 },
        matmul: { call: 1.21, multiplyAdds: 0.242, moved: 21.7 },
        subpixel: { call: 1.59, multiplyAdds: 0.212, moved: 19.6 },
      },
      'input gradient': {
        ours: { call: 0.7, multiplyAdds: 1.0, moved: 20 },
        stock: { call: 0.5, multiplyAdds: 1.1, moved: 60 },
      },
    },
  },
};
