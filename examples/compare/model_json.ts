// SPDX-License-Identifier: Apache-2.0
/**
 * The transposed convolutions in a model.json of tfjs: of a layers model by building it (without its weights), of a
 * graph model from its nodes.
 */
import * as tf from '@tensorflow/tfjs';
import '../../src/integrations/layers';
import { type GeometryRequest, computeGeometry, requestsOf } from '../../src';
import type { OwnLayer } from './own_layer';

/** What stands for a size that a model leaves open. */
const OPEN_SIZE = 64;

export interface FoundLayers {
  readonly layers: readonly OwnLayer[];
  /** What the reader must know of them; '' if nothing. */
  readonly note: string;
}

/**
 * Finds them.
 *
 * @throws Error if the text is no model.json, or has no transposed layer.
 */
export async function layersOfModelJson(text: string): Promise<FoundLayers> {
  let json: { modelTopology?: unknown; weightsManifest?: WeightGroup[] };
  try {
    json = JSON.parse(text) as typeof json;
  } catch (error) {
    throw new Error(`This file is no JSON: ${(error as Error).message}`, { cause: error });
  }
  const topology = json?.modelTopology as { node?: GraphNode[]; model_config?: unknown; config?: unknown } | undefined;
  if (!topology || typeof topology !== 'object')
    throw new Error('This file is no model.json of TensorFlow.js: it has no modelTopology');
  const found = Array.isArray(topology.node)
    ? ofGraph(topology.node, json.weightsManifest ?? [])
    : await ofLayers(topology as object);
  if (found.layers.length === 0) throw new Error('This model has no transposed 2-D convolution');
  return found;
}

async function ofLayers(topology: object): Promise<FoundLayers> {
  let opened = false;
  // An input shape is [batch, …]; what is left open of the rest gets a size.
  const sized = JSON.parse(JSON.stringify(topology), (key, value: unknown) => {
    if ((key !== 'batch_input_shape' && key !== 'batchInputShape') || !Array.isArray(value)) return value;
    return value.map((size: unknown, n) => (size === null && n > 0 ? ((opened = true), OPEN_SIZE) : size));
  }) as tf.io.ModelJSON['modelTopology'];
  type Given = Parameters<typeof tf.models.modelFromJSON>[0];
  const model = await tf.models.modelFromJSON({ modelTopology: sized } as Given);
  try {
    const layers = requestsOf(model, 1).map((request) => ofRequest(request.name, request));
    return {
      layers,
      note: opened ? `The model leaves its image size open; ${OPEN_SIZE} × ${OPEN_SIZE} is assumed.` : '',
    };
  } finally {
    model.dispose();
  }
}

function ofRequest(name: string, request: GeometryRequest): OwnLayer {
  const g = computeGeometry(request);
  // Of 'same' without one, the size is input · stride; of 'valid' the model's size may ask for more than the least.
  const needsPadding = request.outputPadding !== undefined || request.pad === 'valid';
  return {
    name,
    batch: g.batch,
    inHeight: g.inHeight,
    inWidth: g.inWidth,
    inChannels: g.inChannels,
    outChannels: g.outChannels,
    kernelHeight: g.filterHeight,
    kernelWidth: g.filterWidth,
    strideHeight: g.strideHeight,
    strideWidth: g.strideWidth,
    dilationHeight: g.dilationHeight,
    dilationWidth: g.dilationWidth,
    groups: g.groups,
    outputPaddingHeight: needsPadding ? g.outputPaddingHeight : 0,
    outputPaddingWidth: needsPadding ? g.outputPaddingWidth : 0,
    pad: typeof request.pad === 'string' ? request.pad : `${g.padTop}`,
  };
}

interface WeightGroup {
  readonly weights: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, { s?: string; list?: { i?: readonly (number | string)[] } }>>;
}

/** Of a graph model the filters' shapes are known, the images' sizes only if the converter wrote them down. */
function ofGraph(nodes: readonly GraphNode[], manifest: readonly WeightGroup[]): FoundLayers {
  const shapes = new Map(manifest.flatMap(({ weights }) => weights).map(({ name, shape }) => [name, shape]));
  const layers = nodes
    .filter(({ op }) => op === 'Conv2DBackpropInput')
    .map(({ name, input = [], attr = {} }): OwnLayer => {
      const filter = shapes.get(input[1]?.replace(/:\d+$/, ''));
      if (!filter) throw new Error(`The filter of ${name} is not among the model's weights, so its shape is unknown`);
      const strides = attr.strides?.list?.i?.map(Number) ?? [1, 1, 1, 1];
      const dilations = attr.dilations?.list?.i?.map(Number) ?? [1, 1, 1, 1];
      const pad = attr.padding?.s ? atob(attr.padding.s).toLowerCase() : 'same';
      return {
        name,
        batch: 1,
        inHeight: OPEN_SIZE,
        inWidth: OPEN_SIZE,
        inChannels: filter[3],
        outChannels: filter[2],
        kernelHeight: filter[0],
        kernelWidth: filter[1],
        strideHeight: strides[1],
        strideWidth: strides[2],
        dilationHeight: dilations[1],
        dilationWidth: dilations[2],
        groups: 1,
        outputPaddingHeight: 0,
        outputPaddingWidth: 0,
        pad: pad === 'valid' ? 'valid' : 'same',
      };
    });
  return {
    layers,
    note: `A graph model does not say how large its images are; ${OPEN_SIZE} × ${OPEN_SIZE} is assumed.`,
  };
}
