// SPDX-License-Identifier: Apache-2.0
/**
 * The transposed convolutions in a model.json of tfjs: of a layers model by building it (without its weights), of a
 * graph model from its nodes.
 */
import * as tf from '@tensorflow/tfjs';
import '../../src/integrations/layers';
import { type GeometryRequest, computeGeometry, requestsOf } from '../../src';
import { type OwnLayer, geometryOfOwn } from './own_layer';

/** What stands for a size that a model leaves open. */
export const OPEN_SIZE = 64;

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
  let json: { modelTopology?: { node?: unknown }; weightsManifest?: unknown } | null;
  try {
    json = JSON.parse(text) as typeof json;
  } catch (error) {
    throw new Error(`This file is no JSON: ${(error as Error).message}`, { cause: error });
  }
  const topology = json?.modelTopology;
  if (!topology || typeof topology !== 'object')
    throw new Error('This file is no model.json of TensorFlow.js: it has no modelTopology');
  const found = Array.isArray(topology.node)
    ? ofGraph(topology.node as GraphNode[], json?.weightsManifest)
    : await ofLayers(topology);
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

/** A node as far as it is read; a file may hold anything else in any place. */
interface GraphNode {
  readonly name?: unknown;
  readonly op?: unknown;
  readonly input?: readonly unknown[];
  readonly attr?: Readonly<Record<string, { s?: unknown; list?: { i?: unknown } } | null>> | null;
}

/** The shapes of a model's weights by their names. */
function weightShapes(manifest: unknown): Map<unknown, unknown> {
  const groups = (Array.isArray(manifest) ? manifest : []) as ({ weights?: unknown } | null)[];
  const weights = groups.flatMap((group) => (Array.isArray(group?.weights) ? (group.weights as unknown[]) : []));
  return new Map(weights.map((weight) => [(weight as GraphNode | null)?.name, (weight as { shape?: unknown })?.shape]));
}

/** Sizes per dimension, NHWC; ones if they are not said. */
function sizesOf(node: GraphNode, attribute: string): number[] {
  const list = node.attr?.[attribute]?.list?.i;
  return Array.isArray(list) ? list.map(Number) : [1, 1, 1, 1];
}

function padOf(node: GraphNode): string {
  const text = node.attr?.padding?.s;
  const pads: Record<string, string> = { [btoa('SAME')]: 'same', [btoa('VALID')]: 'valid' };
  if (text === undefined) return 'same';
  if (typeof text === 'string' && Object.hasOwn(pads, text)) return pads[text];
  throw new Error(
    `The padding of ${String(node.name)} must be SAME or VALID in base64, but is ${JSON.stringify(text)}`,
  );
}

/** Of a graph model the filters' shapes are known, the images' sizes only if the converter wrote them down. */
function ofGraph(nodes: readonly (GraphNode | null)[], manifest: unknown): FoundLayers {
  const shapes = weightShapes(manifest);
  const layers = nodes
    .filter((node) => node?.op === 'Conv2DBackpropInput')
    .map((node): OwnLayer => {
      const name = String(node!.name);
      const input = Array.isArray(node!.input) ? String(node!.input[1]) : '';
      const filter = shapes.get(input.replace(/:\d+$/, ''));
      if (!Array.isArray(filter) || filter.length !== 4)
        throw new Error(
          `The filter of ${name} is not among the model's weights with a shape of four sizes, so it is unknown`,
        );
      const [strides, dilations, pad] = [sizesOf(node!, 'strides'), sizesOf(node!, 'dilations'), padOf(node!)];
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
        pad,
      };
    });
  layers.forEach(checkPossible);
  return {
    layers,
    note: `A graph model does not say how large its images are; ${OPEN_SIZE} × ${OPEN_SIZE} is assumed.`,
  };
}

function checkPossible(layer: OwnLayer): void {
  try {
    geometryOfOwn(layer);
  } catch (error) {
    throw new Error(`The layer ${layer.name} of this model is impossible: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
