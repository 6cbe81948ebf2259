// SPDX-License-Identifier: Apache-2.0
/**
 * Whether kernels may give up some precision for speed: `tf.env().set('CONV2D_TRANSPOSE_FAST_MATH', true)` lets 'auto',
 * `tune` and the gradients take ./winograd, which has an error bound of its own.
 */
import { env } from '@tensorflow/tfjs-core';

const FAST_MATH_FLAG = 'CONV2D_TRANSPOSE_FAST_MATH';

export function allowsFastMath(): boolean {
  return env().getBool(FAST_MATH_FLAG);
}

env().registerFlag(FAST_MATH_FLAG, () => false);
