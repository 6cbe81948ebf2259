// SPDX-License-Identifier: Apache-2.0
/** The transposed convolutions of a tfjs layers model, as requests for a geometry. */
import type { GeometryRequest } from '../geometry/geometry';

/** A model of tfjs-layers, as far as it matters here. */
export interface LayersModelLike {
  readonly layers: readonly {
    readonly name?: string;
    getClassName(): string;
    getConfig(): object;
    getInputAt(node: number): unknown;
    getOutputAt(node: number): unknown;
  }[];
}

interface LayerConfig {
  kernelSize: [number, number];
  strides: [number, number];
  padding: 'same' | 'valid';
  dataFormat?: string;
  dilationRate?: [number, number];
  outputPadding?: [number, number] | null;
  groups?: number;
  filters: number;
}

/**
 * What the Conv2DTranspose layers of a model compute.
 *
 * @param batch The batch size where the model leaves it open.
 * @returns requests that `computeGeometry` takes, in the order of the layers, with their names. A size that the model
 *   leaves open is 0.
 */
export function requestsOf(model: LayersModelLike, batch: number): (GeometryRequest & { name: string })[] {
  return model.layers
    .filter((layer) => layer.getClassName() === 'Conv2DTranspose')
    .map((layer) => {
      const config = layer.getConfig() as LayerConfig;
      const sized = (end: unknown): number[] =>
        (end as { shape: (number | null)[] }).shape.map((size, n) => size ?? (n === 0 ? batch : 0));
      const [xShape, outputShape] = [sized(layer.getInputAt(0)), sized(layer.getOutputAt(0))];
      const first = config.dataFormat === 'channelsFirst';
      const groups = config.groups ?? 1;
      return {
        name: layer.name ?? '',
        xShape,
        filterShape: [...config.kernelSize, config.filters / groups, xShape[first ? 1 : 3]],
        strides: config.strides,
        pad: config.padding,
        dilations: config.dilationRate,
        groups,
        dataFormat: first ? 'NCHW' : 'NHWC',
        ...(config.outputPadding ? { outputPadding: config.outputPadding } : { outputShape }),
      };
    });
}
