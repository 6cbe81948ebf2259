// SPDX-License-Identifier: Apache-2.0
import * as tf from '@tensorflow/tfjs-core';

/** The names of the kernels that run, as tf.profile shows them, each once. */
export async function kernelsThatRun(run: () => void): Promise<string[]> {
  let failure: unknown;
  const { kernelNames } = await tf.profile(() => {
    // After an error inside, tfjs would go on profiling for good.
    try {
      run();
    } catch (error) {
      failure = error;
    }
  });
  if (failure !== undefined) throw failure;
  return [...new Set(kernelNames)];
}

/** Those of them that are variants. */
export async function variantsThatRun(run: () => void): Promise<string[]> {
  return (await kernelsThatRun(run)).filter((name) => /^Conv2DTranspose(?!Backprop)/.test(name));
}
