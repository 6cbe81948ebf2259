// SPDX-License-Identifier: Apache-2.0
/**
 * Whether kernels may give up some precision for speed: `tf.env().set('CONV2D_TRANSPOSE_FAST_MATH', true)` lets 'auto',
 * `tune` and the gradients take those that do. Every backend knows the flag, also one that has none of these kernels.
 */
import { env } from '@tensorflow/tfjs-core';

const FAST_MATH_FLAG = 'CONV2D_TRANSPOSE_FAST_MATH';

export function allowsFastMath(): boolean {
  return env().getBool(FAST_MATH_FLAG);
}

let isKnown = false;

/** Once: tfjs sets a flag that stands in the page's address whenever it is registered. */
export function registerFastMath(): void {
  if (isKnown) return;
  isKnown = true;
  env().registerFlag(FAST_MATH_FLAG, () => false);
}
