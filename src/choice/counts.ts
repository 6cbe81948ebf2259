// SPDX-License-Identifier: Apache-2.0
/** Coefficients of the cost model where nothing is calibrated, written by `npm run bench:shaders`: don't edit. */
export const COUNTS = {
  command: 'npm run bench:shaders',
  compilers: 'Mesa 22.3.6-1+deb12u2',
  models: {
    webgl: {
      forward: {
        dilate: { call: 0.684, multiplyAdds: 0.000934, moved: 0.398 },
        subpixel: { call: 0.588, multiplyAdds: 0.00127, moved: 0.188 },
        matmul: { call: 0.575, multiplyAdds: 0.00137, moved: 0.119 },
        stock: { call: 0.769, multiplyAdds: 0.00289, moved: 1.14 },
      },
      'input gradient': {
        ours: { call: 0.573, multiplyAdds: 0.00139, moved: 0.111 },
        stock: { call: 0.508, multiplyAdds: 0.00416, moved: 0.127 },
      },
      'filter gradient': {
        ours: { call: 0.595, multiplyAdds: 0.00238, moved: 0 },
        stock: { call: 0.488, multiplyAdds: 0.0386, moved: 0 },
      },
    },
  },
};
