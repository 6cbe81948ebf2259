// SPDX-License-Identifier: Apache-2.0
/** The flag that allows less precision, where no backend with such kernels is imported. */
import { expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import '../../kernels/webgl';

it('can be set with any backend', () => {
  tf.env().set('CONV2D_TRANSPOSE_FAST_MATH', true);
  expect(tf.env().getBool('CONV2D_TRANSPOSE_FAST_MATH')).toBe(true);
});
