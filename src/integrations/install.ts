// SPDX-License-Identifier: Apache-2.0
/**
 * Puts the kernels of the family under the names that tfjs's own ops call, and takes them away again. What the stock
 * kernels compute are the same three partial derivatives of one trilinear form (./gradients), with the arguments called
 * otherwise:
 *
 * | stock kernel | is | with x, dy, filter for |
 * |---|---|---|
 * | `Conv2DBackpropInput(dy, filter)` | a variant, ∂Φ/∂dy | x ← dy |
 * | `Conv2DBackpropFilter(x, dy)` | BackpropFilter, ∂Φ/∂filter | x ← dy, dy ← x |
 * | `Conv2D(x, filter)`, `FusedConv2D` | BackpropInput, ∂Φ/∂x | dy ← x |
 */
import {
  Conv2D,
  type Conv2DAttrs,
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
import { chooseVariant } from '../choice/choose';
import {
  ACTIVATIONS,
  type Activation,
  Conv2DTransposeBackpropFilter,
  Conv2DTransposeBackpropInput,
  type Conv2DTransposeAttrs,
  REPLACEABLE,
  type Replaceable,
  descriptorOf,
  kernelNameOf,
  supportOf,
} from '../contract';
import { type ConvolutionRequest, geometryOfConvolution } from '../geometry/convolution';
import type { Conv2DTransposeGeometry } from '../geometry/geometry';
import { registerGradients } from '../op/gradients';

export interface InstallOptions {
  /** Default: all whose entry point (`…/cpu`, `…/webgl`, `…/wasm`) has been imported. */
  backends?: readonly string[];
  /**
   * Default: what is faster than stock's on the backend, or what stock lacks. On `cpu` all of {@link REPLACEABLE},
   * elsewhere the two gradients.
   */
  kernels?: readonly Replaceable[];
  /**
   * Whether to register the gradients that stock lacks: of `Conv2DBackpropFilter`, and of a dilated conv2d. Default:
   * true.
   */
  gradients?: boolean;
}

/** How to undo what is installed; in the order it was done. */
let undo: (() => void)[] = [];

/**
 * Makes existing code run on the kernels of this library, with no change: `tf.conv2dTranspose`, `tf.layers` models,
 * graph models, the gradients of `tf.conv2d`, and on `cpu` `tf.conv2d` itself. Import the entry points of the backends
 * first.
 *
 * Calling it again installs anew what is asked for now. {@link uninstall} puts the very same stock functions back. What
 * a kernel of ours cannot compute (another layout than NHWC, say) the stock one still does.
 *
 * @returns which kernels run on ours now, as `backend/kernel`.
 * @throws Error if a backend or kernel is unknown, or no entry point has been imported; nothing is installed then.
 */
export function install({ backends, kernels, gradients = true }: InstallOptions = {}): string[] {
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
    for (const kernel of kernels ?? descriptorOf(backend)!.replaces) {
      const stock = getKernel(kernel, backend);
      // A backend whose own package isn't there yet would warn when it registers its kernels later.
      if (!stock && !getKernel(Conv2DBackpropInput, backend)) continue;
      const kernelFunc = kernelFuncOf(kernel, backend, stock?.kernelFunc);
      replaceKernel({ ...stock, kernelName: kernel, backendName: backend, kernelFunc }, stock);
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

/** Stock kernels' attributes, as far as they matter here. */
type StockAttrs = FusedConv2DAttrs & Conv2DBackpropInputAttrs & Conv2DBackpropFilterAttrs;
type StockInputs = Record<'x' | 'dy' | 'filter', TensorInfo> & {
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
};

/** What a stock kernel's call is in the family. */
interface FamilyRequest {
  /** The geometry of the convolution, as stock is told it. */
  readonly convolution: ConvolutionRequest;
  readonly inputs: NamedTensorInfoMap;
  /** The kernel that computes it; `undefined`: the variant that 'auto' takes. */
  readonly kernelName?: string;
  readonly fused?: { readonly activation: Activation; readonly leakyreluAlpha?: number };
}

function familyRequest(kernel: Replaceable, inputs: StockInputs, attrs: StockAttrs): FamilyRequest {
  const { x, dy, filter, bias, preluActivationWeights } = inputs;
  const { strides, pad, dimRoundingMode, dilations, activation, leakyreluAlpha } = attrs;
  const rest = { strides, pad, dimRoundingMode };
  if (kernel === Conv2DBackpropInput)
    return {
      convolution: { ...rest, xShape: attrs.inputShape, filterShape: filter.shape },
      inputs: { x: dy, filter },
    };
  if (kernel === Conv2DBackpropFilter)
    return {
      convolution: { ...rest, xShape: x.shape, filterShape: attrs.filterShape },
      inputs: { x: dy, dy: x },
      kernelName: Conv2DTransposeBackpropFilter,
    };
  return {
    convolution: { ...rest, xShape: x.shape, filterShape: filter.shape, dilations },
    inputs: { dy: x, filter, bias: bias!, preluActivationWeights: preluActivationWeights! },
    kernelName: Conv2DTransposeBackpropInput,
    fused: kernel === FusedConv2D ? { activation, leakyreluAlpha } : undefined,
  };
}

/** Whether a call is one that the family computes at all, whatever its sizes. */
function isOurs(inputs: StockInputs, { dataFormat, activation = 'linear' }: StockAttrs): boolean {
  const given = Object.values(inputs).filter((info) => info);
  const perChannel = [inputs.bias, inputs.preluActivationWeights].every((info) => !info || info.shape.length <= 1);
  const isFloat = given.every(({ dtype }) => dtype === 'float32');
  return dataFormat === 'NHWC' && perChannel && isFloat && ACTIVATIONS.includes(activation);
}

/** A kernel function that computes on ours, or on stock's what ours can't. */
function kernelFuncOf(kernel: Replaceable, backendName: string, stock: KernelFunc | undefined): KernelFunc {
  return (params) => {
    const attrs = params.attrs as unknown as StockAttrs;
    const inputs = params.inputs as unknown as StockInputs;
    const backend = params.backend as KernelBackend;
    if (isOurs(inputs, attrs)) {
      const { convolution, inputs: own, kernelName, fused } = familyRequest(kernel, inputs, attrs);
      const geometry = geometryOfConvolution(convolution);
      // Grouped convolutions share this kernel name in later versions of tfjs.
      const isGrouped = geometry.outChannels !== convolution.filterShape[2];
      const runs = isGrouped ? undefined : kernelToRun(kernelName, geometry, backendName, backend);
      if (runs !== undefined)
        return getKernel(runs, backendName).kernelFunc({
          inputs: own,
          backend,
          attrs: { geometry, ...fused } as unknown as NamedAttrMap,
        });
    }
    if (stock) return stock(params);
    throw new Error(
      `${kernel} on backend '${backendName}' takes float32 tensors in NHWC, but dataFormat is ${attrs.dataFormat}`,
    );
  };
}

/**
 * The name of the kernel that computes a request: an adjoint's, if it can, or that of a variant; `undefined` if there
 * is none.
 */
function kernelToRun(
  adjoint: string | undefined,
  g: Conv2DTransposeGeometry,
  backendName: string,
  backend: KernelBackend,
): string | undefined {
  if (adjoint === undefined) {
    const variant = chooseVariant('auto', g, { backendName, backend });
    return variant && kernelNameOf(variant);
  }
  const descriptor = descriptorOf(backendName);
  if (descriptor === undefined) return undefined;
  const kernel = adjoint === Conv2DTransposeBackpropInput ? descriptor.backpropInput : descriptor.backpropFilter;
  return supportOf(descriptor, kernel, g, backend).supported ? adjoint : undefined;
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
      const geometry = geometryOfConvolution({
        xShape: image.shape,
        filterShape: filter.shape,
        strides,
        pad,
        dilations,
        dimRoundingMode,
      });
      const variant = chooseVariant('auto', geometry, { backendName: engine().backendName, backend: engine().backend });
      if (variant === undefined)
        throw new Error(
          `The gradient of a dilated conv2d needs kernels of backend '${engine().backendName}'; ` +
            "import 'tfjs-conv2d-transpose/cpu', '/webgl' or '/wasm'",
        );
      const run = (kernelName: string, inputs: Record<string, Tensor>): Tensor => {
        const own: Conv2DTransposeAttrs = { geometry, variant };
        return engine().runKernel(kernelName, inputs, own as unknown as NamedAttrMap);
      };
      return {
        x: () => back(run(kernelNameOf(variant), { x: cotangent, filter })),
        filter: () => run(Conv2DTransposeBackpropFilter, { x: cotangent, dy: image }),
      };
    },
  };
}
