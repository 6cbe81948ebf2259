// SPDX-License-Identifier: Apache-2.0
/** A backend of ours set in another way while something runs: to one of the names of its descriptor's settings. */
import * as tf from '@tensorflow/tfjs-core';
import { descriptorOf } from '../src/contract';

/** The same function, with the backend that is in use set to `name` meanwhile. */
export function withSetting<R>(name: string, run: () => R): () => R {
  return () => {
    const { settings, device } = descriptorOf(tf.getBackend())!;
    const on = device(tf.backend());
    settings!.use(on, name);
    try {
      return run();
    } finally {
      settings!.use(on, undefined);
    }
  };
}
