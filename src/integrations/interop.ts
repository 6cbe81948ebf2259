// SPDX-License-Identifier: Apache-2.0
/**
 * Weights and arguments of PyTorch's `ConvTranspose2d` and of ONNX's `ConvTranspose`, in the terms of
 * `conv2dTranspose`.
 */
import { type Tensor4D, type TensorLike, tidy, transpose } from '@tensorflow/tfjs-core';
import type { Conv2DTransposeOptions } from '../op/conv2d_transpose';
import { fullSize } from '../geometry/axis';
import { checkInteger, checkNames, checkObject, checkOneOf, show } from '../geometry/checks';
import type { DataFormat, ExplicitPadding } from '../geometry/request';
import { asTensor } from '../op/tensors';

/** What to call: `conv2dTranspose(x, filter, undefined, strides, pad, options)`. */
export interface Conv2DTransposeCall {
  /** `[filterHeight, filterWidth, outChannels / groups, inChannels]`; the caller's to dispose of. */
  filter: Tensor4D;
  strides: [number, number];
  pad: ExplicitPadding;
  options: Required<Pick<Conv2DTransposeOptions, 'dataFormat' | 'dilations' | 'groups' | 'outputPadding'>>;
}

/** The arguments of `torch.nn.ConvTranspose2d`, and its weight. */
export interface PyTorchConvTranspose2d {
  /** `[inChannels, outChannels / groups, kernelHeight, kernelWidth]`. */
  weight: Tensor4D | TensorLike;
  stride?: number | readonly number[];
  padding?: number | readonly number[];
  output_padding?: number | readonly number[];
  dilation?: number | readonly number[];
  groups?: number;
}

/**
 * Turns PyTorch's arguments into ours.
 *
 * @param dataFormat Layout of the x that will be given. Default: 'NCHW', PyTorch's own.
 * @throws Error if the weight is not of rank 4, or an argument is not one number or two.
 */
export function fromPyTorch(layer: PyTorchConvTranspose2d, dataFormat: DataFormat = 'NCHW'): Conv2DTransposeCall {
  checkObject('fromPyTorch: the layer', layer);
  checkNames('fromPyTorch', layer, ['weight', 'stride', 'padding', 'output_padding', 'dilation', 'groups']);
  checkOneOf('fromPyTorch: dataFormat', dataFormat, ['NCHW', 'NHWC']);
  const { stride = 1, padding = 0, output_padding: outputPadding = 0, dilation = 1, groups = 1 } = layer;
  checkInteger('fromPyTorch: groups', groups, 1);
  const [vertical, horizontal] = pair('padding', padding);
  return {
    filter: filterOf('weight', layer.weight),
    strides: pair('stride', stride),
    pad: explicit([vertical, vertical, horizontal, horizontal], dataFormat),
    options: {
      dataFormat,
      dilations: pair('dilation', dilation),
      groups,
      outputPadding: pair('output_padding', outputPadding),
    },
  };
}

const AUTO_PADS = ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'] as const;

/** The attributes of ONNX's `ConvTranspose` (opset 11 and later) with two spatial dimensions, and its second input. */
export interface OnnxConvTranspose {
  /** `[inChannels, outChannels / group, kernelHeight, kernelWidth]`. */
  W: Tensor4D | TensorLike;
  auto_pad?: (typeof AUTO_PADS)[number];
  dilations?: readonly number[];
  group?: number;
  kernel_shape?: readonly number[];
  output_padding?: readonly number[];
  output_shape?: readonly number[];
  /** `[top, left, bottom, right]`. */
  pads?: readonly number[];
  strides?: readonly number[];
}

const ONNX_NAMES = [
  ...['W', 'auto_pad', 'dilations', 'group', 'kernel_shape'],
  ...['output_padding', 'output_shape', 'pads', 'strides'],
];

/**
 * Turns ONNX's attributes into ours. Where they ask for a size, the crop follows from it.
 *
 * @param inSize Height and width of the x that will be given: `auto_pad` and `output_shape` mean something else for
 *   each.
 * @param dataFormat Layout of that x. Default: 'NCHW', ONNX's own.
 * @throws Error if an attribute is not what it must be.
 *
 * Source: ONNX, operator ConvTranspose.
 */
export function fromOnnx(
  node: OnnxConvTranspose,
  inSize: readonly [number, number],
  dataFormat: DataFormat = 'NCHW',
): Conv2DTransposeCall {
  checkObject('fromOnnx: the node', node);
  checkNames('fromOnnx', node, ONNX_NAMES);
  checkOneOf('fromOnnx: dataFormat', dataFormat, ['NCHW', 'NHWC']);
  if (!Array.isArray(inSize) || inSize.length !== 2)
    throw new RangeError(`fromOnnx: inSize must be [height, width], but was ${show(inSize)}`);
  inSize.forEach((size) => checkInteger('fromOnnx: inSize', size, 1));
  const { auto_pad: autoPad = 'NOTSET', group = 1, output_shape: outputShape } = node;
  checkInteger('fromOnnx: group', group, 1);
  if (!AUTO_PADS.includes(autoPad))
    throw new Error(`fromOnnx: auto_pad must be NOTSET, SAME_UPPER, SAME_LOWER or VALID, but was ${show(autoPad)}`);
  if (autoPad.startsWith('SAME') && node.pads !== undefined)
    throw new Error(`fromOnnx: auto_pad ${autoPad} determines the pads; leave pads ${show(node.pads)} out`);
  const filter = filterOf('W', node.W);
  try {
    const strides = pair('strides', node.strides ?? 1);
    const dilations = pair('dilations', node.dilations ?? 1);
    const kernel = filter.shape.slice(0, 2);
    if (node.kernel_shape !== undefined && show(node.kernel_shape) !== show(kernel))
      throw new Error(`fromOnnx: kernel_shape ${show(node.kernel_shape)} is not that of W, ${show(kernel)}`);
    const given: unknown = node.pads ?? [0, 0, 0, 0];
    if (!isIntegers(given, 4))
      throw new Error(`fromOnnx: pads must be [top, left, bottom, right], but was ${show(given)}`);
    if (outputShape !== undefined && !isIntegers(outputShape, 2) && !isIntegers(outputShape, 4))
      throw new Error(`fromOnnx: output_shape must be two sizes, or a whole shape, but was ${show(outputShape)}`);
    // Four numbers, of which the last two are the spatial ones, are a whole shape.
    const wanted = outputShape?.slice(-2);
    const outputPadding = pair('output_padding', node.output_padding ?? 0);
    const pads = [0, 1].map((n): [number, number] => {
      const axis = { inSize: inSize[n], stride: strides[n], kernel: kernel[n], dilation: dilations[n] };
      const full = fullSize(axis);
      if (!wanted && !autoPad.startsWith('SAME')) return autoPad === 'VALID' ? [0, 0] : [given[n], given[n + 2]];
      const size = wanted ? wanted[n] : inSize[n] * strides[n];
      const total = full + outputPadding[n] - size;
      if (total < 0) {
        if (wanted) outputPadding[n] = size - full;
        const largest = full + Math.max(strides[n], dilations[n]) - 1;
        if (size > largest)
          throw new Error(
            `fromOnnx: output_shape ${show(outputShape)} is impossible: ${['height', 'width'][n]} can be at most ` +
              `${largest}, from ${inSize[n]} by kernel ${kernel[n]}, stride ${strides[n]}, dilation ${dilations[n]}`,
          );
        return [0, 0];
      }
      const smaller = Math.floor(total / 2);
      return autoPad === 'SAME_UPPER' ? [smaller, total - smaller] : [total - smaller, smaller];
    });
    return {
      filter,
      strides,
      pad: explicit([...pads[0], ...pads[1]], dataFormat),
      options: { dataFormat, dilations, groups: group, outputPadding },
    };
  } catch (error) {
    filter.dispose();
    throw error;
  }
}

function filterOf(name: string, weight: Tensor4D | TensorLike): Tensor4D {
  return tidy(() => {
    const given = asTensor(weight);
    if (given.rank !== 4)
      throw new Error(
        `${name} must be [inChannels, outChannels / groups, kernelHeight, kernelWidth], but has shape [${given.shape}]`,
      );
    return transpose(given as Tensor4D, [2, 3, 1, 0]);
  });
}

function pair(name: string, value: number | readonly number[]): [number, number] {
  const both: unknown = typeof value === 'number' ? [value, value] : value;
  if (!isIntegers(both, 2)) throw new Error(`${name} must be a whole number or two, but was ${show(value)}`);
  return [both[0], both[1]];
}

function isIntegers(value: unknown, count: number): value is readonly number[] {
  return Array.isArray(value) && value.length === count && value.every((entry) => Number.isInteger(entry));
}

function explicit([top, bottom, left, right]: number[], dataFormat: DataFormat): ExplicitPadding {
  const none: [number, number] = [0, 0];
  const height: [number, number] = [top, bottom];
  const width: [number, number] = [left, right];
  return dataFormat === 'NCHW' ? [none, none, height, width] : [none, height, width, none];
}
