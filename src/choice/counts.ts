// SPDX-License-Identifier: Apache-2.0
/** Coefficients of the cost model where nothing is calibrated, written by `npm run bench:shaders`: don't edit. */
export const COUNTS = {
  command: 'npm run bench:shaders',
  compilers: 'Mesa 22.3.6-1+deb12u2',
  models: {
    webgl: {
      forward: {
        dilate: { call: 0.0614, multiplyAdds: 0.00135, moved: 0.0874 },
        subpixel: { call: 0.0492, multiplyAdds: 0.00143, moved: 0.0996 },
        matmul: { call: 0.0447, multiplyAdds: 0.00187, moved: 0.0546 },
        stock: { call: 0.03, multiplyAdds: 0.0171, moved: 0.201 },
      },
      'input gradient': {
        ours: { call: 0.05, multiplyAdds: 0.00147, moved: 0.0869 },
        stock: { call: 0.04, multiplyAdds: 0.00485, moved: 0.108 },
      },
      'filter gradient': {
        ours: { call: 0.0492, multiplyAdds: 0.0018, moved: 0.0372 },
        stock: { call: 0.0494, multiplyAdds: 0.0402, moved: 0.0954 },
      },
    },
  },
};
