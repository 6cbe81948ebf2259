// SPDX-License-Identifier: Apache-2.0
/** Coefficients of the cost model where nothing is calibrated, written by `npm run bench:shaders`: don't edit. */
export const COUNTS = {
  command: 'npm run bench:shaders',
  compilers: 'Mesa 22.3.6-1+deb12u2',
  models: {
    webgl: {
      forward: {
        dilate: { call: 0.677, multiplyAdds: 0.00136, moved: 0.138 },
        subpixel: { call: 0.588, multiplyAdds: 0.00147, moved: 0.151 },
        matmul: { call: 0.575, multiplyAdds: 0.00187, moved: 0.0845 },
        stock: { call: 0.444, multiplyAdds: 0.000666, moved: 0.468 },
      },
      'input gradient': {
        ours: { call: 0.573, multiplyAdds: 0.00146, moved: 0.138 },
        stock: { call: 0.508, multiplyAdds: 0.00485, moved: 0.108 },
      },
      'filter gradient': {
        ours: { call: 0.595, multiplyAdds: 0.00199, moved: 0.0712 },
        stock: { call: 0.488, multiplyAdds: 0.0416, moved: 0 },
      },
    },
  },
};
