// SPDX-License-Identifier: Apache-2.0
/** Calls of stock kernels, run on the family's: which is which stands in ./install. What does not fit goes to stock. */
import {
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  FusedConv2D,
  type FusedConv2DAttrs,
  type KernelBackend,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
  getKernel,
  util,
} from '@tensorflow/tfjs-core';
import { chooseUnderInstall } from '../choice/choose';
import {
  ACTIVATIONS,
  type Activation,
  type Convolution,
  type Operand,
  type Pass,
  SHAPE_OF,
  descriptorOf,
  kernelNameFor,
} from '../contract';
import { type ConvolutionRequest, geometryOfConvolution } from '../geometry/convolution';
import type { Conv2DTransposeGeometry } from '../geometry/geometry';

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
  readonly pass: Pass;
  readonly fused?: { readonly activation: Activation; readonly leakyreluAlpha?: number };
}

function familyRequest(kernel: Convolution, inputs: StockInputs, attrs: StockAttrs): FamilyRequest {
  const { x, dy, filter, bias, preluActivationWeights } = inputs;
  const { strides, pad, dimRoundingMode, dilations, activation, leakyreluAlpha } = attrs;
  const rest = { strides, pad, dimRoundingMode };
  if (kernel === Conv2DBackpropInput)
    return {
      convolution: { ...rest, xShape: attrs.inputShape, filterShape: filter.shape },
      inputs: { x: dy, filter },
      pass: 'forward',
    };
  if (kernel === Conv2DBackpropFilter)
    return {
      convolution: { ...rest, xShape: x.shape, filterShape: attrs.filterShape },
      inputs: { x: dy, dy: x },
      pass: 'filter gradient',
    };
  return {
    convolution: { ...rest, xShape: x.shape, filterShape: filter.shape, dilations },
    inputs: { dy: x, filter, bias: bias!, preluActivationWeights: preluActivationWeights! },
    pass: 'input gradient',
    fused: kernel === FusedConv2D ? { activation, leakyreluAlpha } : undefined,
  };
}

/**
 * Why a call is none that the family computes, or `undefined` if it is one. Stock kernels are told sizes in attributes,
 * and take tensors of other sizes for what they are; ours would read past their ends.
 */
function misfit(activation: Activation, g: Conv2DTransposeGeometry, request: FamilyRequest): string | undefined {
  const { convolution, inputs } = request;
  if (!ACTIVATIONS.includes(activation)) return `activation is ${activation}`;
  const sizes = [...SHAPE_OF.x(g).slice(1), ...SHAPE_OF.dy(g).slice(1), ...SHAPE_OF.filter(g)];
  const isEmpty = sizes.some((size) => !(size > 0));
  if (isEmpty) return 'a size other than the batch is 0';
  // Grouped convolutions share this kernel name in later versions of tfjs.
  if (g.outChannels !== convolution.filterShape[2]) return `filter [${convolution.filterShape}] has groups`;
  for (const [name, info] of Object.entries(inputs)) {
    if (!info) continue;
    if (info.dtype !== 'float32') return `it takes float32 tensors, but one is ${info.dtype}`;
    const expected = name in SHAPE_OF ? SHAPE_OF[name as Operand](g) : undefined;
    if (expected && !util.arraysEqual(info.shape, expected))
      return `a tensor has shape [${info.shape}] where the sizes of the call ask for [${expected}]`;
    const isPerChannel = info.shape.length <= 1 && [1, g.inChannels].includes(util.sizeFromShape(info.shape));
    if (!expected && !isPerChannel) return `${name} has shape [${info.shape}]`;
  }
  return undefined;
}

/**
 * Rounding modes to try for a call that fits no geometry: tfjs's gradients of conv2d leave out the one that conv2d was
 * given (4.22), so stock's are wrong there. A size that it gave tells which it was.
 */
function lostRoundingModes({ pad, dimRoundingMode }: StockAttrs): readonly ('ceil' | 'round')[] {
  return dimRoundingMode === undefined && typeof pad !== 'string' ? ['ceil', 'round'] : [];
}

/**
 * A kernel function that computes on ours, or on stock's what ours can't; if it `chooses`, also what stock's computes
 * faster.
 */
export function kernelFuncOf(
  kernel: Convolution,
  backendName: string,
  stock: KernelFunc | undefined,
  chooses: boolean,
): KernelFunc {
  return (params) => {
    const attrs = params.attrs as unknown as StockAttrs;
    const { dataFormat, activation = 'linear' } = attrs;
    let reason: string | undefined = `dataFormat is ${dataFormat}, but must be NHWC`;
    if (dataFormat === 'NHWC') {
      const request = familyRequest(kernel, params.inputs as unknown as StockInputs, attrs);
      const backend = params.backend as KernelBackend;
      let geometry = geometryOfConvolution(request.convolution);
      reason = misfit(activation, geometry, request);
      let isWrongWithStock = false;
      for (const dimRoundingMode of reason === undefined ? [] : lostRoundingModes(attrs)) {
        const rounded = geometryOfConvolution({ ...request.convolution, dimRoundingMode });
        if (misfit(activation, rounded, request) !== undefined) continue;
        [geometry, reason, isWrongWithStock] = [rounded, undefined, true];
      }
      const place = { backendName, backend };
      const mayChoose = chooses && stock !== undefined && !isWrongWithStock;
      const taken = reason === undefined ? chooseUnderInstall(request.pass, geometry, place, mayChoose).by : 'stock';
      if (taken !== 'stock')
        return getKernel(kernelNameFor(request.pass, taken), backendName).kernelFunc({
          inputs: request.inputs,
          backend,
          attrs: { geometry, ...request.fused } as unknown as NamedAttrMap,
        });
    }
    if (stock) return stock(params);
    const probed = descriptorOf(backendName)?.probe(params.backend as KernelBackend);
    const unable = probed?.supported === false ? probed.reason : 'no kernel here can run it';
    throw new Error(`${kernel} on backend '${backendName}': ${reason ?? unable}`);
  };
}
