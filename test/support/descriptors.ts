// SPDX-License-Identifier: Apache-2.0
/** Other kernels for a backend, for as long as a test needs them. */
import * as tf from '@tensorflow/tfjs-core';
import { type BackendDescriptor, descriptorOf, kernelConfigsOf } from '../../src/contract';

/** Registers a changed descriptor in place of a backend's own. Returns how to put the very same kernels back. */
export function changeDescriptor(
  backend: string,
  change: (own: BackendDescriptor) => Partial<BackendDescriptor>,
): () => void {
  const own = descriptorOf(backend)!;
  const before = kernelConfigsOf(own).map(({ kernelName }) => tf.getKernel(kernelName, backend));
  const after = kernelConfigsOf({ ...own, ...change(own) });
  replace(before, after);
  return () => replace(after, before);
}

function replace(old: readonly tf.KernelConfig[], others: readonly tf.KernelConfig[]): void {
  for (const { kernelName, backendName } of old) tf.unregisterKernel(kernelName, backendName);
  for (const config of others) tf.registerKernel(config);
}
