// SPDX-License-Identifier: Apache-2.0
/** The convolutions of a tfjs layers model: transposed ones as requests for a geometry, others as geometries. */
import { checkInteger, show } from '../geometry/checks';
import { geometryOfConvolution } from '../geometry/convolution';
import type { Conv2DTransposeGeometry } from '../geometry/geometry';
import type { GeometryRequest } from '../geometry/request';

/** A model of tfjs-layers, as far as it matters here. */
export interface LayersModelLike {
  readonly layers: readonly LayerLike[];
}

/** A layer, or a model within a model. */
export interface LayerLike {
  readonly name?: string;
  /** Of a model within the model. */
  readonly layers?: readonly LayerLike[];
  getClassName(): string;
  getConfig(): object;
  getInputAt(node: number): unknown;
  getOutputAt(node: number): unknown;
}

/** The layers of some classes, those of models within the model too. */
function layersOf({ layers }: { readonly layers: readonly LayerLike[] }, classes: readonly string[]): LayerLike[] {
  return layers.flatMap((layer) => {
    if (layer.layers) return layersOf({ layers: layer.layers }, classes);
    return classes.includes(layer.getClassName()) ? [layer] : [];
  });
}

interface LayerConfig {
  kernelSize: number[];
  strides: number[];
  padding: 'same' | 'valid';
  dataFormat?: string;
  dilationRate?: number[];
  outputPadding?: number[] | null;
  groups?: number;
  filters: number;
  /** Of a depthwise one. */
  depthMultiplier?: number;
}

/** The sizes of an input or output of a layer; a size that the model leaves open is 0. */
function sized(end: unknown, batch: number): number[] {
  return (end as { shape: (number | null)[] }).shape.map((size, n) => size ?? (n === 0 ? batch : 0));
}

/**
 * What the Conv2DTranspose layers of a model compute, and its Conv1DTranspose layers, as images of height 1.
 *
 * @param batch The batch size where the model leaves it open.
 * @returns requests that `computeGeometry` takes, in the order of the layers, with their names. A size that the model
 *   leaves open is 0, for the caller to fill in.
 * @throws RangeError if it is no layers model, or the batch is none.
 */
export function requestsOf(model: LayersModelLike, batch: number): (GeometryRequest & { readonly name: string })[] {
  if (!Array.isArray((model as Partial<LayersModelLike> | null)?.layers))
    throw new RangeError(`requestsOf takes a layers model, but was given ${show(model)}`);
  checkInteger('requestsOf: batch', batch, 1);
  return layersOf(model, ['Conv2DTranspose', 'Conv1DTranspose']).map((layer) => {
    const { kernelSize, strides, padding, dataFormat, dilationRate, outputPadding, ...config } =
      layer.getConfig() as LayerConfig;
    const [input, output] = [sized(layer.getInputAt(0), batch), sized(layer.getOutputAt(0), batch)];
    const [first, groups] = [dataFormat === 'channelsFirst', config.groups ?? 1];
    const isImage = input.length === 4;
    // A dimension of height 1, where this layout has it.
    const heightAt = first ? 2 : 1;
    const tall = (shape: number[]): number[] =>
      isImage ? shape : [...shape.slice(0, heightAt), 1, ...shape.slice(heightAt)];
    const pair = (sizes: number[], height: number): [number, number] =>
      (isImage ? sizes : [height, ...sizes]) as [number, number];
    return {
      name: layer.name ?? '',
      xShape: tall(input),
      filterShape: [...pair(kernelSize, 1), config.filters / groups, input[first ? 1 : input.length - 1]],
      strides: pair(strides, 1),
      pad: padding,
      dilations: dilationRate && pair(dilationRate, 1),
      groups,
      dataFormat: first ? 'NCHW' : 'NHWC',
      ...(outputPadding ? { outputPadding: pair(outputPadding, 0) } : { outputShape: tall(output) }),
    };
  });
}

/**
 * What the Conv2D and DepthwiseConv2D layers of a model compute: the input gradients of these geometries. Those whose
 * sizes the model leaves open are left out.
 */
export function convolutionsOf(model: LayersModelLike, batch: number): Conv2DTransposeGeometry[] {
  return layersOf(model, ['Conv2D', 'FusedConv2D', 'DepthwiseConv2D']).flatMap((layer) => {
    const { dataFormat, kernelSize, filters, depthMultiplier, strides, padding, dilationRate } =
      layer.getConfig() as LayerConfig;
    const given = sized(layer.getInputAt(0), batch);
    const xShape = dataFormat === 'channelsFirst' ? [given[0], given[2], given[3], given[1]] : given;
    if (xShape.includes(0)) return [];
    const filterShape = [...kernelSize, xShape[3], depthMultiplier ?? filters];
    const kind = depthMultiplier === undefined ? undefined : 'depthwise';
    // tfjs's DepthwiseConv2D takes a dilationRate and does not heed it.
    const dilations = kind ? undefined : (dilationRate as [number, number] | undefined);
    const pairs = { strides: strides as [number, number], dilations };
    return [geometryOfConvolution({ xShape, filterShape, pad: padding, kind, ...pairs })];
  });
}
