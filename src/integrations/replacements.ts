// SPDX-License-Identifier: Apache-2.0
/**
 * Puts kernels and gradients in the place of tfjs's, and takes exactly these away again. What stands in the registry
 * remembers what it replaced. So a second copy of this package (a page may hold it as ESM and as CommonJS) replaces
 * stock's, not the first copy's; and whoever comes last to be taken away puts stock's back.
 */
import {
  type GradConfig,
  type KernelConfig,
  getGradient,
  getKernel,
  registerGradient,
  registerKernel,
  unregisterGradient,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { type Replacement, stockOf } from '../choice/stock';

/**
 * Replaces a kernel by one with another function.
 *
 * @param functionOf Makes the function of what is replaced, if there is anything.
 * @param chooses Whether that function leaves to stock what it computes faster.
 * @returns what puts that back, if the replacement still stands.
 */
export function replaceKernel(
  kernelName: string,
  backendName: string,
  functionOf: (replaced: KernelConfig | undefined) => KernelConfig['kernelFunc'],
  chooses = false,
): () => void {
  const registered = getKernel(kernelName, backendName) as KernelConfig | undefined;
  const stock = stockOf(registered);
  const own: KernelConfig & Replacement<KernelConfig> = {
    ...stock,
    kernelName,
    backendName,
    kernelFunc: functionOf(stock),
    replaced: { config: stock },
    chooses,
  };
  if (registered) unregisterKernel(kernelName, backendName);
  registerKernel(own);
  return () => {
    if (getKernel(kernelName, backendName) !== own) return;
    unregisterKernel(kernelName, backendName);
    if (stock) registerKernel(stock);
  };
}

/** The same for a gradient. */
export function replaceGradient(
  kernelName: string,
  configOf: (replaced: GradConfig | undefined) => GradConfig,
): () => void {
  const registered = getGradient(kernelName) as GradConfig | undefined;
  const stock = stockOf(registered);
  const own: GradConfig & Replacement<GradConfig> = { ...configOf(stock), kernelName, replaced: { config: stock } };
  if (registered) unregisterGradient(kernelName);
  registerGradient(own);
  return () => {
    if (getGradient(kernelName) !== own) return;
    unregisterGradient(kernelName);
    if (stock) registerGradient(stock);
  };
}
