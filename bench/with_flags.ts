// SPDX-License-Identifier: Apache-2.0
/** tfjs set up in another way while something runs. */
import { env } from '@tensorflow/tfjs-core';

/** Flags of tfjs, by name. */
export type Flags = Readonly<Record<string, boolean>>;

/** By which stock webgpu multiplies the zeros that it inserts, instead of testing for them. */
export const NOT_NAIVE: Flags = { WEBGPU_USE_NAIVE_CONV2D_TRANSPOSE: false };

/** By which our kernels give up no precision for speed. */
export const EXACTLY: Flags = { CONV2D_TRANSPOSE_FAST_MATH: false };

/** The same function, with flags set meanwhile. */
export function withFlags<R>(flags: Flags, run: () => R): () => R {
  const set = (values: Flags): void => Object.entries(values).forEach(([name, value]) => env().set(name, value));
  return () => {
    const before = Object.fromEntries(Object.keys(flags).map((name) => [name, env().getBool(name)]));
    set(flags);
    try {
      return run();
    } finally {
      set(before);
    }
  };
}
