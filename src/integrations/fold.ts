// SPDX-License-Identifier: Apache-2.0
/**
 * `fold(model)`: the graph of a layers model walked from its outputs to its inputs, and made anew with fewer layers.
 * What one layer can take up of those behind it, says ./fold_layers.
 */
import { LayersModel, type SymbolicTensor, input, model as makeModel } from '@tensorflow/tfjs-layers';
import { type Copy, copyOf, folder } from './fold_layers';
import type { Layer } from './stock_layers';

/** Which node of a layer, that is, which use of it, a tensor comes from. */
const nodeOf = ({ sourceLayer, nodeIndex }: SymbolicTensor): string => `${sourceLayer.id} ${nodeIndex}`;

const isModel = (layer: Layer): layer is LayersModel => layer instanceof LayersModel;

/** Whether a node is told to behave as in training. */
const trains = ({ callArgs }: SymbolicTensor): boolean => Boolean(callArgs?.training);

/** How often layers and tensors are used in a model and the models within it. */
class Uses {
  private readonly ofLayer = new Map<Layer, number>();
  private readonly ofTensor = new Map<SymbolicTensor, number>();
  private readonly models = new Set<LayersModel>();

  constructor(model: LayersModel) {
    this.visit(model);
  }

  /** Whether a layer is called once, in one model. */
  once(layer: Layer): boolean {
    return this.ofLayer.get(layer) === 1;
  }

  /** Whether a tensor goes into one layer and nowhere else. */
  goesToOne(tensor: SymbolicTensor): boolean {
    return this.ofTensor.get(tensor) === 1;
  }

  private visit(model: LayersModel): void {
    if (this.models.has(model)) return;
    this.models.add(model);
    const nodes = new Set<string>();
    const use = (tensor: SymbolicTensor): void => {
      this.ofTensor.set(tensor, (this.ofTensor.get(tensor) ?? 0) + 1);
      if (nodes.has(nodeOf(tensor))) return;
      nodes.add(nodeOf(tensor));
      const { sourceLayer, inputs } = tensor;
      this.ofLayer.set(sourceLayer, (this.ofLayer.get(sourceLayer) ?? 0) + 1);
      if (isModel(sourceLayer)) this.visit(sourceLayer);
      inputs.forEach(use);
    };
    // An output of a model is seen from outside, besides what uses it within.
    for (const output of model.outputs) {
      use(output);
      this.ofTensor.set(output, this.ofTensor.get(output)! + 1);
    }
  }
}

/** One folding: the layers made so far, over all models within. */
class Folding {
  private readonly layers = folder();
  private readonly copies = new Map<Layer, Layer>();
  private readonly made = new Set<Layer>();
  private readonly uses: Uses;

  constructor(model: LayersModel) {
    this.uses = new Uses(model);
  }

  /** Gives back the weights of all layers that were made, where the folding has failed. */
  dispose(): void {
    for (const layer of this.made) if (!isModel(layer)) layer.weights.forEach((weight) => weight.dispose());
  }

  model(model: LayersModel): LayersModel {
    const made = new Map<string, SymbolicTensor[]>();
    const inputs = model.inputs.map((tensor) => {
      const { shape, dtype, sourceLayer } = tensor;
      const fresh = input({ batchShape: shape, dtype, name: sourceLayer.name });
      made.set(nodeOf(tensor), [fresh]);
      return fresh;
    });
    const remake = (tensor: SymbolicTensor): SymbolicTensor => {
      const node = nodeOf(tensor);
      if (!made.has(node)) made.set(node, this.node(tensor, remake));
      return made.get(node)![tensor.tensorIndex];
    };
    const outputs: SymbolicTensor[] = [];
    for (const output of model.outputs) {
      const fresh = remake(output);
      // A model cannot give its input, nor one tensor twice: there a layer stays that does nothing.
      const taken = inputs.includes(fresh) || outputs.includes(fresh);
      outputs.push(taken && output.inputs.length > 0 ? this.again(output, remake)[output.tensorIndex] : fresh);
    }
    return makeModel({ inputs, outputs, name: model.name });
  }

  /** The tensors of a node, made anew. */
  private node(tensor: SymbolicTensor, remake: (tensor: SymbolicTensor) => SymbolicTensor): SymbolicTensor[] {
    const { sourceLayer, inputs } = tensor;
    if (this.layers.isIdentity(sourceLayer) && !trains(tensor)) return [remake(inputs[0])];
    return this.combined(tensor, remake) ?? this.again(tensor, remake);
  }

  /** The same layer on the same inputs. */
  private again(tensor: SymbolicTensor, remake: (tensor: SymbolicTensor) => SymbolicTensor): SymbolicTensor[] {
    const { sourceLayer, inputs, callArgs } = tensor;
    const kwargs = { ...callArgs };
    delete kwargs.mask; // tfjs leaves that of the last call there.
    if (inputs.length > 1) {
      // They are among the inputs as well, and tfjs takes them in one place only.
      delete kwargs.initialState;
      delete kwargs.constants;
    }
    const given = inputs.map(remake);
    const known = this.copies.get(sourceLayer);
    if (known) return apply(known, given, kwargs);
    const copy = isModel(sourceLayer) ? { layer: this.model(sourceLayer), fill: () => {} } : copyOf(sourceLayer);
    this.copies.set(sourceLayer, copy.layer);
    return this.build(copy, given, kwargs);
  }

  /** One layer for a convolution and what is behind it, up to a tensor; undefined if there is no such chain. */
  private combined(
    end: SymbolicTensor,
    remake: (tensor: SymbolicTensor) => SymbolicTensor,
  ): SymbolicTensor[] | undefined {
    const behind: Layer[] = [];
    let tensor = end;
    while (!this.layers.takesUp(tensor.sourceLayer)) {
      const { sourceLayer, inputs } = tensor;
      if (!this.layers.mayFollow(sourceLayer) || trains(tensor) || !this.uses.goesToOne(inputs[0])) return undefined;
      behind.unshift(sourceLayer);
      tensor = inputs[0];
    }
    const { sourceLayer, inputs } = tensor;
    if (!this.uses.once(sourceLayer)) return undefined;
    const copy = this.layers.combine(sourceLayer, behind, tensor.shape.length);
    return copy && this.build(copy, inputs.map(remake), {});
  }

  private build(copy: Copy, inputs: SymbolicTensor[], kwargs: object): SymbolicTensor[] {
    this.made.add(copy.layer);
    const outputs = apply(copy.layer, inputs, kwargs);
    copy.fill();
    return outputs;
  }
}

function apply(layer: Layer, inputs: SymbolicTensor[], kwargs: object): SymbolicTensor[] {
  const outputs = layer.apply(inputs.length === 1 ? inputs[0] : inputs, { ...kwargs }) as
    SymbolicTensor | SymbolicTensor[];
  return Array.isArray(outputs) ? outputs : [outputs];
}

/**
 * A model for inference that does what another does, with fewer layers: each BatchNormalization is folded into the
 * convolution, transposed convolution or dense layer before it, activations into their kernels, and what acts in
 * training only (dropout, noise) is left out.
 *
 * A layer takes up what is behind it if nothing else uses it or what it gives: a layer called twice stays as it is, and
 * so does one whose result is also an output or goes elsewhere. Models within are folded likewise. Where the original's
 * weights would not fit float32 once folded, the BatchNormalization stays.
 *
 * The results are those of the definition, within the rounding of float32. They differ from the original's where tfjs
 * is wrong: its `cpu` and `wasm` kernels (4.22) normalize a channels-first image as if channels were last.
 *
 * Layers keep their names; of those that become one, the convolution's. Transposed convolutions are this library's.
 *
 * @param model A built `tf.LayersModel` or `tf.Sequential`. It stays as it is. The two share no variable: either can be
 *   trained or disposed of without the other. Weights that have not changed share their memory.
 * @returns A `tf.LayersModel`, not compiled. A saved one is loaded by `tf.loadLayersModel` where this entry point is
 *   imported.
 * @throws Error if it is no layers model, or has not been built.
 */
export function fold(model: LayersModel): LayersModel {
  if (!(model instanceof LayersModel))
    throw new Error(
      `fold: a layers model (tf.LayersModel or tf.Sequential) is expected, but it was ${describe(model)}; ` +
        'for graph models see foldGraph of tfjs-conv2d-transpose/graph',
    );
  if (model.inputs.length === 0)
    throw new Error('fold: the model is not built yet; give its first layer an inputShape');
  const folding = new Folding(model);
  try {
    return folding.model(model);
  } catch (error) {
    folding.dispose();
    throw error;
  }
}

function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `${value}`;
  return value.constructor?.name ? `of class ${value.constructor.name}` : 'an object';
}
