// SPDX-License-Identifier: Apache-2.0
/**
 * Puts the kernels of the family under the names that tfjs's own ops call, and takes them away again. What the stock
 * kernels compute are the same three partial derivatives of one trilinear form (../op/gradients), with the arguments
 * called otherwise:
 *
 * | stock kernel | is | with x, dy, filter for |
 * |---|---|---|
 * | `Conv2DBackpropInput(dy, filter)` | a variant, ∂Φ/∂dy | x ← dy |
 * | `Conv2DBackpropFilter(x, dy)` | BackpropFilter, ∂Φ/∂filter | x ← dy, dy ← x |
 * | `Conv2D(x, filter)`, `FusedConv2D` | BackpropInput, ∂Φ/∂x | dy ← x |
 *
 * Those of depthwise convolutions are the same with a group for each channel (../geometry/convolution). Elementwise
 * kernels, which a backend may bring as well, have nothing to do with that form.
 */
import {
  Conv2D,
  Conv2DBackpropInput,
  type KernelConfig,
  type KernelFunc,
  engine,
  getGradient,
  getKernel,
} from '@tensorflow/tfjs-core';
import {
  CONVOLUTIONS,
  type Convolution,
  REPLACEABLE,
  type Replaceable,
  descriptorOf,
  hasOthersKernels,
} from '../contract';
import { checkNames, checkObject, show } from '../geometry/checks';
import { registerGradients } from '../op/gradients';
import { replaceGradient, replaceKernel } from './replacements';
import { gradientOfBackpropFilter, gradientOfDilated, gradientsOfDepthwise } from './stock_gradients';
import { kernelFuncOf } from './stock_kernels';

export interface InstallOptions {
  /** Default: all whose entry point (`…/cpu`, `…/webgl`, `…/wasm`, `…/webgpu`) has been imported. */
  backends?: readonly string[];
  /**
   * Kernels that run on ours wherever ours can. Default: on `cpu` all of {@link REPLACEABLE}, elsewhere those of
   * conv2d, and on `webgl`, `wasm` and `webgpu` the gradients of depthwise ones; and geometry by geometry the one
   * that `tune` has measured to be faster or else is predicted to be, ours or stock's. `explain` tells which.
   */
  kernels?: readonly Replaceable[];
  /**
   * Whether to register the gradients that stock lacks: of `Conv2DBackpropFilter`, of a dilated conv2d, and of both
   * gradients of depthwise convolutions. Default: true.
   */
  gradients?: boolean;
}

const isConvolution = (kernel: Replaceable): kernel is Convolution => CONVOLUTIONS.includes(kernel as Convolution);

/** The backends that have an entry point. */
const ENTRIES = ['cpu', 'webgl', 'wasm', 'webgpu'];

/**
 * That there are kernels of ours, but tfjs has none of their backends. Where a browser has no WebGPU, tfjs registers
 * none, and all goes on without.
 *
 * @throws Error if there are no kernels of ours, or the backends' own packages have not been imported.
 */
function checkEntries(): void {
  const imported = ENTRIES.filter(descriptorOf);
  if (imported.length === 0)
    throw new Error(
      "install: there are no kernels to install; import 'tfjs-conv2d-transpose/cpu', '/webgl', '/wasm' or '/webgpu' " +
        'first',
    );
  if (!imported.some(hasOthersKernels))
    throw new Error(
      `install: there is no backend to install kernels on; import '@tensorflow/tfjs-backend-${imported[0]}' first`,
    );
}

/** How to undo what is installed. */
let undo: (() => void)[] = [];

/**
 * Makes existing code run on the kernels of this library, with no change: `tf.conv2dTranspose`, `tf.layers` models,
 * graph models, `tf.conv2d` and its gradients. Import the entry points of the backends first.
 *
 * Calling it again installs anew what is asked for now. {@link uninstall} puts the very same stock functions back. What
 * a kernel of ours cannot compute (another layout than NHWC, say) the stock one still does.
 *
 * @returns which kernels run on ours now, as `backend/kernel`; none, and nothing is installed, where tfjs has none of
 *   the backends that have kernels here, unless they are named. (Without `navigator.gpu` tfjs has no `webgpu`; with it,
 *   but no adapter, its kernels are installed, and `tf.setBackend('webgpu')` resolves to false.)
 * @throws Error if a backend or kernel is unknown, none of the kernels named can be replaced there, no entry point has
 *   been imported, or none of the packages of their backends; nothing is installed then.
 */
export function install(options: InstallOptions = {}): string[] {
  checkObject('install: options', options);
  checkNames('install', options, ['backends', 'kernels', 'gradients']);
  const { backends, kernels, gradients = true } = options;
  for (const [name, list] of Object.entries({ backends, kernels })) {
    if (list !== undefined && !Array.isArray(list))
      throw new RangeError(`install: ${name} must be an array of names, but was ${show(list)}`);
  }
  if (typeof gradients !== 'boolean')
    throw new RangeError(`install: gradients must be true or false, but was ${show(gradients)}`);
  const served = engine()
    .backendNames()
    .filter((name) => descriptorOf(name));
  for (const backend of backends ?? []) {
    if (!descriptorOf(backend))
      throw new Error(
        `install: there are no kernels for backend '${backend}'; import 'tfjs-conv2d-transpose/${backend}' first, ` +
          `if there is such an entry. There are some for: ${served.join(', ') || 'none'}`,
      );
  }
  if (served.length === 0) checkEntries();
  const unknown = kernels?.find((kernel) => !REPLACEABLE.includes(kernel));
  if (unknown !== undefined)
    throw new Error(`install: cannot replace kernel '${unknown}'; the choices are ${REPLACEABLE.join(', ')}`);
  const asked = backends ?? served;
  if (served.length === 0 && backends === undefined) {
    uninstall();
    return [];
  }
  const placesOf = (kernel: Replaceable, names: readonly string[]): string[] =>
    names.filter((backend) => isConvolution(kernel) || descriptorOf(backend)!.elementwise?.[kernel] !== undefined);
  if (kernels?.length && kernels.every((kernel) => placesOf(kernel, asked).length === 0))
    throw new Error(
      `install: kernel '${kernels[0]}' cannot be replaced on ${asked.join(', ')}; ` +
        `it can on: ${placesOf(kernels[0], served).join(', ') || 'none of those imported'}`,
    );

  uninstall();
  const installed: string[] = [];
  for (const backend of new Set(asked)) {
    for (const kernel of new Set(kernels ?? descriptorOf(backend)!.replaces)) {
      // A backend whose own package isn't there yet would warn when it registers its kernels later.
      if (!getKernel(kernel, backend) && !getKernel(Conv2DBackpropInput, backend)) continue;
      const chooses = kernels === undefined;
      if (isConvolution(kernel)) {
        const functionOf = (replaced: KernelConfig | undefined): KernelFunc =>
          kernelFuncOf(kernel, backend, replaced?.kernelFunc, chooses);
        undo.push(replaceKernel(kernel, backend, functionOf, chooses));
      } else {
        const make = descriptorOf(backend)!.elementwise?.[kernel];
        // What it does not take goes to stock's, which a bundle of a few kernels may lack.
        if (!make || !getKernel(kernel, backend)) continue;
        undo.push(replaceKernel(kernel, backend, (replaced) => make(replaced!.kernelFunc)));
      }
      installed.push(`${backend}/${kernel}`);
    }
  }
  registerGradients();
  if (gradients) {
    for (const gradient of [gradientOfBackpropFilter, ...gradientsOfDepthwise])
      undo.push(replaceGradient(gradient.kernelName, () => gradient));
    if (getGradient(Conv2D)) undo.push(replaceGradient(Conv2D, (replaced) => gradientOfDilated(replaced!)));
  }
  return installed;
}

/**
 * Puts back what {@link install} has replaced, where that still stands; what others have registered there since is left
 * alone. Does nothing if nothing is installed.
 */
export function uninstall(): void {
  const steps = undo;
  undo = [];
  for (const step of steps) step();
}
