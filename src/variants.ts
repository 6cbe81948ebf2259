// SPDX-License-Identifier: Apache-2.0
/** Which variant runs: the one that was asked for, if it can, or the first of a stated order that can. */
import { type KernelConfig, getKernel } from '@tensorflow/tfjs-core';
import type { Conv2DTransposeGeometry } from './geometry/geometry';
import { KERNEL_OF_VARIANT, type Support, VARIANTS, type Variant, type VariantKernelConfig } from './kernel_names';

/**
 * The order in which 'auto' tries the variants. Sub-pixel makes exactly the useful multiplications and writes every
 * output once. With very few output channels it has too few sums to work on at a time, where the matrix product, for which every
 * tap is a column, has enough. Then by how much the others waste.
 */
function autoOrder({ outChannels, groups }: Conv2DTransposeGeometry, backendName: string): readonly Variant[] {
  const narrow = outChannels / groups < (NARROW[backendName] ?? 0);
  return narrow ? ['matmul', 'subpixel', 'scatter', 'dilate'] : ['subpixel', 'matmul', 'scatter', 'dilate'];
}

/**
 * Output channels of a group from which on sub-pixel is ahead of matmul. Measured on `cpu` (`npm start`): at 1 and 3 channels matmul is ahead by
 * 1.3 to 1.6×, at 21 behind by 1.3×; on `webgl` (`npm run bench:webgl`): at 1 ahead by 1.3 to 1.5×, at 3 behind by 1.5×.
 */
const NARROW: Readonly<Record<string, number>> = { cpu: 4, webgl: 2 };

/** Whether a variant can run a geometry on a backend, and if not, why. */
function supportOf(variant: Variant, geometry: Conv2DTransposeGeometry, backendName: string, backend: object): Support {
  const config: KernelConfig | undefined = getKernel(KERNEL_OF_VARIANT[variant], backendName);
  if (config === undefined) {
    return {
      supported: false,
      reason: `backend '${backendName}' has no such kernel; import the entry point that registers it`,
    };
  }
  return (config as VariantKernelConfig).supports(geometry, backend);
}

/**
 * Chooses the variant to run.
 *
 * @returns a variant, or `undefined` if 'auto' was asked for and the backend can run none of them.
 * @throws Error if the variant is unknown or asked for by name and unsupported; the message says which would do.
 */
export function chooseVariant(
  asked: Variant | 'auto',
  geometry: Conv2DTransposeGeometry,
  backendName: string,
  backend: object,
): Variant | undefined {
  const order = autoOrder(geometry, backendName);
  const isAble = (variant: Variant): boolean => supportOf(variant, geometry, backendName, backend).supported;
  if (asked === 'auto') return order.find(isAble);
  const choices = [...VARIANTS, 'auto'].map((name) => `'${name}'`).join(', ');
  if (!VARIANTS.includes(asked))
    throw new RangeError(`variant must be one of ${choices}, but was ${JSON.stringify(asked)}`);
  const support = supportOf(asked, geometry, backendName, backend);
  if (!support.supported) {
    const others = ['auto', ...order.filter(isAble)].map((name) => `'${name}'`).join(', ');
    throw new Error(`variant '${asked}' cannot run on backend '${backendName}': ${support.reason}. ${others} would do`);
  }
  return asked;
}
