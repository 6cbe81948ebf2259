// SPDX-License-Identifier: Apache-2.0
/**
 * Puts the kernels of the family under the names that tfjs's own ops call, and takes them away again. What the stock kernels compute are the same three
 * partial derivatives of one trilinear form (./gradients), with the arguments called otherwise:
 *
 * | stock kernel | is | with x, dy, filter for |
 * |---|---|---|
 * | `Conv2DBackpropInput(dy, filter)` | a variant, ∂Φ/∂dy | x ← dy |
 * | `Conv2DBackpropFilter(x, dy)` | BackpropFilter, ∂Φ/∂filter | x ← dy, dy ← x |
 * | `Conv2D(x, filter)`, `FusedConv2D` | BackpropInput, ∂Φ/∂x | dy ← x |
 */
import {
  type Conv2DAttrs,
  Conv2D,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  FusedConv2D,
  type FusedConv2DAttrs,
  type GradConfig,
  type KernelBackend,
  type KernelConfig,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type Tensor,
  type Tensor4D,
  type TensorInfo,
  backend_util,
  conv2d,
  engine,
  getGradient,
  getKernel,
  registerGradient,
  registerKernel,
  transpose,
  unregisterGradient,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import type { Conv2DTransposeGeometry } from '../geometry/geometry';
import { registerGradients } from '../op/gradients';
import { Conv2DTransposeBackpropFilter, Conv2DTransposeBackpropInput, KERNEL_OF_VARIANT } from '../contract';
import { chooseVariant } from '../choice/choose';

/** The stock kernels that can be replaced. */
export const REPLACEABLE = [Conv2DBackpropInput, Conv2DBackpropFilter, Conv2D, FusedConv2D] as const;
export type Replaceable = (typeof REPLACEABLE)[number];

/** The backends with kernels of ours, and what is replaced there unless asked otherwise: what is faster than stock's, or what stock lacks. */
const DEFAULTS: Readonly<Record<string, readonly Replaceable[]>> = {
  cpu: REPLACEABLE,
  webgl: [Conv2DBackpropInput, Conv2DBackpropFilter],
  wasm: [Conv2DBackpropInput, Conv2DBackpropFilter],
};

export interface InstallOptions {
  /** Default: all whose entry point (`…/cpu`, `…/webgl`, `…/wasm`) has been imported. */
  backends?: readonly string[];
  /** Default: on `cpu` all of {@link REPLACEABLE}, elsewhere the two gradients. */
  kernels?: readonly Replaceable[];
  /** Whether to register the gradients that stock lacks: of `Conv2DBackpropFilter`, and of a dilated conv2d. Default: true. */
  gradients?: boolean;
}

/** How to undo what is installed; in the order it was done. */
let undo: (() => void)[] = [];

/**
 * Makes existing code run on the kernels of this library, with no change: `tf.conv2dTranspose`, `tf.layers` models, graph models, the gradients of
 * `tf.conv2d`, and on `cpu` `tf.conv2d` itself. Import the entry points of the backends first.
 *
 * Calling it again installs anew what is asked for now. {@link uninstall} puts the very same stock functions back. What a kernel of ours cannot
 * compute (another layout than NHWC, say) the stock one still does.
 *
 * @returns which kernels run on ours now, as `backend/kernel`.
 * @throws Error if a backend or kernel is unknown, or no entry point has been imported; nothing is installed then.
 */
export function install({ backends, kernels, gradients = true }: InstallOptions = {}): string[] {
  const served = Object.keys(DEFAULTS).filter((name) => getKernel(KERNEL_OF_VARIANT.subpixel, name));
  for (const backend of backends ?? []) {
    if (!(backend in DEFAULTS))
      throw new Error(
        `install: unknown backend '${backend}'; there are kernels for ${Object.keys(DEFAULTS).join(', ')}`,
      );
    if (!served.includes(backend))
      throw new Error(
        `install: the kernels for backend '${backend}' are not registered; import 'tfjs-conv2d-transpose/${backend}' first`,
      );
  }
  if (served.length === 0)
    throw new Error(
      "install: there are no kernels to install; import 'tfjs-conv2d-transpose/cpu', '/webgl' or '/wasm' first",
    );
  const unknown = kernels?.find((kernel) => !REPLACEABLE.includes(kernel));
  if (unknown !== undefined)
    throw new Error(`install: cannot replace kernel '${unknown}'; the choices are ${REPLACEABLE.join(', ')}`);

  uninstall();
  const installed: string[] = [];
  for (const backend of backends ?? served) {
    for (const kernel of kernels ?? DEFAULTS[backend]) {
      const stock = getKernel(kernel, backend);
      // A backend whose own package isn't there yet would warn when it registers its kernels later.
      if (!stock && !getKernel(Conv2DBackpropInput, backend)) continue;
      replaceKernel({ ...stock, kernelName: kernel, backendName: backend, kernelFunc: kernelFuncOf(kernel, backend, stock?.kernelFunc) }, stock); // prettier-ignore
      installed.push(`${backend}/${kernel}`);
    }
  }
  registerGradients();
  if (gradients) {
    replaceGradient(filterGradientOfBackpropFilter);
    const stock = getGradient(Conv2D);
    if (stock) replaceGradient(gradientOfDilated(stock));
  }
  return installed;
}

/** Puts back what {@link install} has replaced. Does nothing if nothing is installed. */
export function uninstall(): void {
  for (const step of undo.reverse()) step();
  undo = [];
}

function replaceKernel(config: KernelConfig, stock: KernelConfig | undefined): void {
  const { kernelName, backendName } = config;
  if (stock) unregisterKernel(kernelName, backendName);
  registerKernel(config);
  undo.push(() => {
    unregisterKernel(kernelName, backendName);
    if (stock) registerKernel(stock);
  });
}

function replaceGradient(config: GradConfig): void {
  const { kernelName } = config;
  const stock = getGradient(kernelName);
  if (stock) unregisterGradient(kernelName);
  registerGradient(config);
  undo.push(() => {
    unregisterGradient(kernelName);
    if (stock) registerGradient(stock);
  });
}

/** The geometry of the transposed convolution whose adjoint a stock convolution is. */
function geometryOf(
  xShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dimRoundingMode }: Pick<Conv2DAttrs, 'strides' | 'pad' | 'dimRoundingMode'>,
  dilations: Conv2DAttrs['dilations'] = 1,
): Conv2DTransposeGeometry {
  const info = backend_util.computeConv2DInfo(
    xShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    dilations,
    pad,
    dimRoundingMode,
  );
  return Object.freeze({
    batch: info.batchSize,
    inHeight: info.outHeight,
    inWidth: info.outWidth,
    inChannels: info.outChannels,
    outHeight: info.inHeight,
    outWidth: info.inWidth,
    outChannels: info.inChannels,
    filterHeight: info.filterHeight,
    filterWidth: info.filterWidth,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
    dilationHeight: info.dilationHeight,
    dilationWidth: info.dilationWidth,
    padTop: info.padInfo.top,
    padBottom: info.padInfo.bottom,
    padLeft: info.padInfo.left,
    padRight: info.padInfo.right,
    outputPaddingHeight: leftover(info.inHeight, info.outHeight, info.strideHeight, info.effectiveFilterHeight, info.padInfo.top + info.padInfo.bottom), // prettier-ignore
    outputPaddingWidth: leftover(info.inWidth, info.outWidth, info.strideWidth, info.effectiveFilterWidth, info.padInfo.left + info.padInfo.right), // prettier-ignore
    groups: 1,
  });
}

/** Cells of the convolution's input that it discards for not filling a stride: output padding, seen from behind. */
function leftover(inSize: number, outSize: number, stride: number, kernel: number, pads: number): number {
  return Math.max(0, inSize + pads - kernel - stride * (outSize - 1));
}

/** Stock kernels' attributes, as far as they matter here. */
type StockAttrs = FusedConv2DAttrs & Conv2DBackpropInputAttrs & Conv2DBackpropFilterAttrs;
type StockInputs = Record<'x' | 'dy' | 'filter', TensorInfo> & {
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
};

/** A kernel function that computes on ours, or on stock's what ours can't. */
function kernelFuncOf(kernel: Replaceable, backendName: string, stock: KernelFunc | undefined): KernelFunc {
  return (params) => {
    const attrs = params.attrs as unknown as StockAttrs;
    const inputs = params.inputs as unknown as StockInputs;
    const backend = params.backend as KernelBackend;
    const run = (kernelName: string, own: NamedTensorInfoMap, all: object): TensorInfo =>
      getKernel(kernelName, backendName).kernelFunc({
        inputs: own,
        backend,
        attrs: all as unknown as NamedAttrMap,
      }) as TensorInfo;
    const { x, dy, filter, bias, preluActivationWeights } = inputs;
    const perChannel = [bias, preluActivationWeights].every((info) => !info || info.shape.length <= 1);
    const given = Object.values(inputs).filter((info) => info);
    if (attrs.dataFormat === 'NHWC' && perChannel && given.every(({ dtype }) => dtype === 'float32')) {
      const g =
        kernel === Conv2D || kernel === FusedConv2D
          ? geometryOf(x.shape, filter.shape, attrs, attrs.dilations)
          : kernel === Conv2DBackpropInput
            ? geometryOf(attrs.inputShape, filter.shape, attrs)
            : geometryOf(x.shape, attrs.filterShape, attrs);
      const variant = chooseVariant('auto', g, backendName, backend);
      // Grouped convolutions share this kernel name in later versions of tfjs.
      if (variant !== undefined && g.outChannels === (filter?.shape ?? attrs.filterShape)[2]) {
        if (kernel === Conv2DBackpropInput) return run(KERNEL_OF_VARIANT[variant], { x: dy, filter }, g);
        if (kernel === Conv2DBackpropFilter) return run(Conv2DTransposeBackpropFilter, { x: dy, dy: x }, g);
        const { activation, leakyreluAlpha } = attrs;
        const fused = { bias: bias!, preluActivationWeights: preluActivationWeights! };
        return run(Conv2DTransposeBackpropInput, { dy: x, filter, ...fused }, { ...g, activation, leakyreluAlpha });
      }
    }
    if (stock) return stock(params);
    throw new Error(
      `${kernel} on backend '${backendName}' takes float32 tensors in NHWC, but dataFormat is ${attrs.dataFormat}`,
    );
  };
}

/** What stock lacks: `Conv2DBackpropFilter` is linear in x and dy, and these are its adjoints. */
const filterGradientOfBackpropFilter: GradConfig = {
  kernelName: Conv2DBackpropFilter,
  inputsToSave: ['x', 'dy'],
  gradFunc: (dFilter, [x, dy], attrs) => {
    const { strides, pad, dataFormat, dimRoundingMode } = attrs as unknown as Conv2DBackpropFilterAttrs;
    const filter = dFilter as Tensor4D;
    return {
      x: () =>
        engine().runKernel(Conv2DBackpropInput, { dy, filter }, {
          strides,
          pad,
          dataFormat,
          dimRoundingMode,
          inputShape: x.shape,
        } as unknown as NamedAttrMap),
      dy: () => conv2d(x as Tensor4D, filter, strides, pad, dataFormat, 1, dimRoundingMode),
    };
  },
};

/** The gradient of conv2d: stock's, and where that gives up, for it is dilated, ours. */
function gradientOfDilated(stock: GradConfig): GradConfig {
  return {
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const { strides, pad, dataFormat, dimRoundingMode, dilations } = attrs as unknown as Conv2DAttrs;
      if ([dilations].flat().every((d) => d === 1)) return stock.gradFunc(dy, saved, attrs);
      const [x, filter] = saved as Tensor4D[];
      const nhwc = (tensor: Tensor): Tensor => (dataFormat === 'NHWC' ? tensor : transpose(tensor, [0, 2, 3, 1]));
      const back = (tensor: Tensor): Tensor => (dataFormat === 'NHWC' ? tensor : transpose(tensor, [0, 3, 1, 2]));
      const [image, cotangent] = [nhwc(x), nhwc(dy as Tensor)];
      const g = geometryOf(image.shape, filter.shape, { strides, pad, dimRoundingMode }, dilations);
      const variant = chooseVariant('auto', g, engine().backendName, engine().backend);
      if (variant === undefined)
        throw new Error(
          `The gradient of a dilated conv2d needs kernels of backend '${engine().backendName}'; import 'tfjs-conv2d-transpose/cpu', '/webgl' or '/wasm'`,
        );
      const own = { ...g, variant } as unknown as NamedAttrMap;
      return {
        x: () => back(engine().runKernel(KERNEL_OF_VARIANT[variant], { x: cotangent, filter }, own)),
        filter: () => engine().runKernel(Conv2DTransposeBackpropFilter, { x: cotangent, dy: image }, own),
      };
    },
  };
}
