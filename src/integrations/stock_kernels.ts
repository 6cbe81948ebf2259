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
import { type Place, chooseUnderInstall, impossible } from '../choice/choose';
import { Remembered } from '../choice/remembered';
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
import { RecentByList } from '../geometry/kept';

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
}

interface StockKernel {
  readonly pass: Pass;
  readonly kind?: 'depthwise';
  readonly fuses?: true;
}

/** What each stock kernel computes: ./install has the table. */
const CALLS: Readonly<Record<Convolution, StockKernel>> = {
  Conv2D: { pass: 'input gradient' },
  FusedConv2D: { pass: 'input gradient', fuses: true },
  Conv2DBackpropInput: { pass: 'forward' },
  Conv2DBackpropFilter: { pass: 'filter gradient' },
  DepthwiseConv2dNative: { pass: 'input gradient', kind: 'depthwise' },
  FusedDepthwiseConv2D: { pass: 'input gradient', kind: 'depthwise', fuses: true },
  DepthwiseConv2dNativeBackpropInput: { pass: 'forward', kind: 'depthwise' },
  DepthwiseConv2dNativeBackpropFilter: { pass: 'filter gradient', kind: 'depthwise' },
};

/** The tensors of a call, as the family names them. */
function familyInputs(pass: Pass, { x, dy, filter, bias, preluActivationWeights }: StockInputs): NamedTensorInfoMap {
  if (pass === 'forward') return { x: dy, filter };
  if (pass === 'filter gradient') return { x: dy, dy: x };
  return { dy: x, filter, bias: bias!, preluActivationWeights: preluActivationWeights! };
}

function familyRequest(kernel: Convolution, stockInputs: StockInputs, attrs: StockAttrs): FamilyRequest {
  const { x, filter } = stockInputs;
  const { strides, pad, dimRoundingMode, inputShape, filterShape } = attrs;
  const { pass, kind } = CALLS[kernel];
  // The gradients of conv2d have none.
  const dilations = pass === 'input gradient' || kind ? (attrs.dilations ?? undefined) : undefined;
  const shapes = {
    xShape: pass === 'forward' ? inputShape : x.shape,
    filterShape: pass === 'filter gradient' ? filterShape : filter.shape,
  };
  return {
    convolution: { ...shapes, strides, pad, dimRoundingMode: dimRoundingMode ?? undefined, dilations, kind },
    inputs: familyInputs(pass, stockInputs),
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

/** What calls of equal shapes and attributes have in common: it is found out once. */
interface Call {
  readonly geometry: Conv2DTransposeGeometry;
  /** Why it is none that the family computes, if it is none. */
  readonly reason?: string;
  /** Whether stock computes it, and rightly. */
  readonly isRightWithStock: boolean;
  /** What kernels of ours are told. */
  readonly attrs: NamedAttrMap;
  readonly chosen: Remembered;
}

/** All that tells a call of a kernel from others; no more, for it is compared at every call. */
function listOf({ pass, fuses }: StockKernel, inputs: StockInputs, attrs: StockAttrs): unknown[] {
  const { x, dy, filter, bias, preluActivationWeights: slopes } = inputs;
  const { strides, pad, dimRoundingMode, dilations, activation } = attrs;
  const [first, second] = pass === 'filter gradient' ? [x, dy] : [pass === 'forward' ? dy : x, filter];
  const list = [first.shape, second.shape, strides, pad, dimRoundingMode, dilations, activation, otherDtype(inputs)];
  if (pass !== 'input gradient') list.push(pass === 'forward' ? attrs.inputShape : attrs.filterShape);
  if (fuses) list.push(bias?.shape, slopes?.shape, attrs.leakyreluAlpha);
  return list;
}

/** The first dtype that the family does not take, if there is one. */
function otherDtype(inputs: StockInputs): string | undefined {
  for (const name of OPERANDS) if (inputs[name] && inputs[name].dtype !== 'float32') return inputs[name].dtype;
  return undefined;
}
const OPERANDS = ['x', 'dy', 'filter', 'bias', 'preluActivationWeights'] as const;

function callOf(kernel: Convolution, backendName: string, inputs: StockInputs, attrs: StockAttrs): Call {
  const { activation = 'linear', leakyreluAlpha } = attrs;
  const { pass, fuses } = CALLS[kernel];
  const request = familyRequest(kernel, inputs, attrs);
  const { convolution } = request;
  let geometry = geometryOfConvolution(convolution);
  let reason = misfit(activation, geometry, request);
  let isWrongWithStock = false;
  for (const dimRoundingMode of reason === undefined ? [] : lostRoundingModes(kernel, attrs)) {
    const rounded = geometryOfConvolution({ ...convolution, dimRoundingMode });
    if (misfit(activation, rounded, request) !== undefined) continue;
    [geometry, reason, isWrongWithStock] = [rounded, undefined, true];
  }
  isWrongWithStock ||= descriptorOf(backendName)?.stockErrs?.(pass, convolution.pad, geometry) === true;
  return {
    geometry,
    reason,
    isRightWithStock: !isWrongWithStock && stockComputes(pass, geometry),
    attrs: { geometry, ...(fuses && { activation, leakyreluAlpha }) } as unknown as NamedAttrMap,
    chosen: new Remembered(),
  };
}

/** Runs a kernel of ours on a call; a filter comes and goes in stock's shape. */
function runOurs(
  kernel: Convolution,
  ours: string,
  stockInputs: StockInputs,
  { geometry: g, attrs: own }: Call,
  { backendName, backend }: Place,
): TensorInfo {
  const run = (name: string, inputs: NamedTensorInfoMap, attrs: NamedAttrMap): TensorInfo =>
    getKernel(name, backendName).kernelFunc({ inputs, backend, attrs }) as TensorInfo;
  const { pass, kind } = CALLS[kernel];
  const inputs = familyInputs(pass, stockInputs);
  if (kind === undefined) return run(ours, inputs, own);
  const { filter } = inputs;
  const reshaped = filter && run(Reshape, { x: filter }, { shape: filterShapeOf(g) });
  let result: TensorInfo;
  try {
    result = run(ours, reshaped ? { ...inputs, filter: reshaped } : inputs, own);
  } finally {
    if (reshaped) backend.disposeData(reshaped.dataId);
  }
  if (pass !== 'filter gradient') return result;
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
  const called = CALLS[kernel];
  const { pass, kind } = called;
  const isLimited = descriptorOf(backendName)?.holds !== undefined;
  const calls = new RecentByList<Call>();
  return (params) => {
    const attrs = params.attrs as unknown as StockAttrs;
    const inputs = params.inputs as unknown as StockInputs;
    // The gradients of a depthwise convolution are told none: there is one alone.
    const { dataFormat = kind && 'NHWC' } = attrs;
    let reason: string | undefined = `dataFormat is ${dataFormat}, but must be NHWC`;
    const place = { backendName, backend: params.backend as KernelBackend };
    if (dataFormat === 'NHWC') {
      const call = calls.get(listOf(called, inputs, attrs), () => callOf(kernel, backendName, inputs, attrs));
      reason = call.reason;
      if (reason === undefined) {
        const mayChoose = chooses && stock !== undefined && call.isRightWithStock;
        const { by } = call.chosen.get(place, () => chooseUnderInstall(pass, call.geometry, place, mayChoose));
        if (by !== 'stock') return runOurs(kernel, kernelNameFor(pass, by), inputs, call, place);
      }
    }
    if (isLimited) {
      // Whatever is left to stock: its tensors may be too large for anybody.
      const { convolution } = familyRequest(kernel, inputs, attrs);
      const nobody = impossible(geometryOfConvolution({ ...convolution, dataFormat }), place);
      if (nobody !== undefined) throw new Error(`${kernel} cannot run on backend '${backendName}': ${nobody}`);
    }
    if (stock) return stock(params);
    const probed = descriptorOf(backendName)?.probe(place.backend);
    const unable = probed?.supported === false ? probed.reason : 'no kernel here can run it';
    throw new Error(`${kernel} on backend '${backendName}': ${reason ?? unable}`);
  };
}
