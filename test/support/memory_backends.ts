// SPDX-License-Identifier: Apache-2.0
/** Environments of backends whose tensors are arrays in memory. */
import * as tf from '@tensorflow/tfjs-core';
import { ENGINE_FLAG, availableEngines } from '../../kernels/cpu';
import type { Environment } from './environments';

/** A backend on each engine that can run here. */
export function onEveryEngine(backend: string): Environment[] {
  return availableEngines().map(({ name: engine }) => ({
    name: `${backend}, ${engine} engine`,
    backend,
    setUp: () => tf.env().set(ENGINE_FLAG, engine),
    tearDown: () => tf.env().set(ENGINE_FLAG, 'auto'),
  }));
}
