// SPDX-License-Identifier: Apache-2.0
/** Calls of stock kernels, run on the family's: which is which stands in ./install. What does not fit goes to stock. */
import {
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropInputAttrs,
  type FusedConv2DAttrs,
  type KernelBackend,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  Reshape,
  type TensorInfo,
  getKernel,
  util,
} from '@tensorflow/tfjs-core';
import { type Place, chooseUnderInstall } from '../choice/choose';
import { stockComputes } from '../choice/stock';
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
import { type ConvolutionRequest, geometryOfConvolution, stockFilterShape } from '../geometry/convolution';
import { type Conv2DTransposeGeometry, filterShapeOf } from '../geometry/geometry';

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

/** What each stock kernel computes: ./install has the table. */
const CALLS: Readonly<
  Record<Convolution, { readonly pass: Pass; readonly kind?: 'depthwise'; readonly fuses?: true }>
> = {
  Conv2D: { pass: 'input gradient' },
  FusedConv2D: { pass: 'input gradient', fuses: true },
  Conv2DBackpropInput: { pass: 'forward' },
  Conv2DBackpropFilter: { pass: 'filter gradient' },
  DepthwiseConv2dNative: { pass: 'input gradient', kind: 'depthwise' },
  FusedDepthwiseConv2D: { pass: 'input gradient', kind: 'depthwise', fuses: true },
  DepthwiseConv2dNativeBackpropInput: { pass: 'forward', kind: 'depthwise' },
  DepthwiseConv2dNativeBackpropFilter: { pass: 'filter gradient', kind: 'depthwise' },
};

function familyRequest(kernel: Convolution, inputs: StockInputs, attrs: StockAttrs): FamilyRequest {
  const { x, dy, filter, bias, preluActivationWeights } = inputs;
  const { strides, pad, dimRoundingMode, activation, leakyreluAlpha } = attrs;
  const { pass, kind, fuses } = CALLS[kernel];
  // The gradients of conv2d have none.
  const dilations = pass === 'input gradient' || kind ? (attrs.dilations ?? undefined) : undefined;
  const rest = { strides, pad, dimRoundingMode: dimRoundingMode ?? undefined, dilations, kind };
  if (pass === 'forward')
    return {
      convolution: { ...rest, xShape: attrs.inputShape, filterShape: filter.shape },
      inputs: { x: dy, filter },
      pass,
    };
  if (pass === 'filter gradient')
    return {
      convolution: { ...rest, xShape: x.shape, filterShape: attrs.filterShape },
      inputs: { x: dy, dy: x },
      pass,
    };
  return {
    convolution: { ...rest, xShape: x.shape, filterShape: filter.shape },
    inputs: { dy: x, filter, bias: bias!, preluActivationWeights: preluActivationWeights! },
    pass,
    fused: fuses && { activation, leakyreluAlpha },
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
    const shapeOf = name === 'filter' ? stockFilterShape : SHAPE_OF[name as Operand];
    const expected = (shapeOf as typeof shapeOf | undefined)?.(g);
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
function lostRoundingModes(kernel: Convolution, attrs: StockAttrs): readonly ('ceil' | 'round')[] {
  const { pad, dimRoundingMode } = attrs;
  if (CALLS[kernel].kind || dimRoundingMode !== undefined || typeof pad === 'string') return [];
  return ['ceil', 'round'];
}

/** Runs a kernel of ours on a call; a filter comes and goes in stock's shape. */
function runOurs(kernelName: string, request: FamilyRequest, g: Conv2DTransposeGeometry, place: Place): TensorInfo {
  const { backendName, backend } = place;
  const run = (name: string, inputs: NamedTensorInfoMap, attrs: object): TensorInfo =>
    getKernel(name, backendName).kernelFunc({ inputs, backend, attrs: attrs as NamedAttrMap }) as TensorInfo;
  const attrs = { geometry: g, ...request.fused };
  if (request.convolution.kind === undefined) return run(kernelName, request.inputs, attrs);
  const { filter } = request.inputs;
  const own = filter && run(Reshape, { x: filter }, { shape: filterShapeOf(g) });
  let result: TensorInfo;
  try {
    result = run(kernelName, own ? { ...request.inputs, filter: own } : request.inputs, attrs);
  } finally {
    if (own) backend.disposeData(own.dataId);
  }
  if (request.pass !== 'filter gradient') return result;
  try {
    return run(Reshape, { x: result }, { shape: stockFilterShape(g) });
  } finally {
    backend.disposeData(result.dataId);
  }
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
    // The gradients of a depthwise convolution are told none: there is one alone.
    const { dataFormat = CALLS[kernel].kind && 'NHWC', activation = 'linear' } = attrs;
    let reason: string | undefined = `dataFormat is ${dataFormat}, but must be NHWC`;
    if (dataFormat === 'NHWC') {
      const request = familyRequest(kernel, params.inputs as unknown as StockInputs, attrs);
      const backend = params.backend as KernelBackend;
      let geometry = geometryOfConvolution(request.convolution);
      reason = misfit(activation, geometry, request);
      let isWrongWithStock = false;
      for (const dimRoundingMode of reason === undefined ? [] : lostRoundingModes(kernel, attrs)) {
        const rounded = geometryOfConvolution({ ...request.convolution, dimRoundingMode });
        if (misfit(activation, rounded, request) !== undefined) continue;
        [geometry, reason, isWrongWithStock] = [rounded, undefined, true];
      }
      const place = { backendName, backend };
      const { pass } = request;
      const mayChoose = chooses && stock !== undefined && !isWrongWithStock && stockComputes(pass, geometry);
      const taken = reason === undefined ? chooseUnderInstall(pass, geometry, place, mayChoose).by : 'stock';
      if (taken !== 'stock') return runOurs(kernelNameFor(pass, taken), request, geometry, place);
    }
    if (stock) return stock(params);
    const probed = descriptorOf(backendName)?.probe(params.backend as KernelBackend);
    const unable = probed?.supported === false ? probed.reason : 'no kernel here can run it';
    throw new Error(`${kernel} on backend '${backendName}': ${reason ?? unable}`);
  };
}
