// SPDX-License-Identifier: Apache-2.0
/** A whole model from its files, model.json and weights: timed with stock tfjs and under install(), both compared. */
import * as tf from '@tensorflow/tfjs';
import { readWhole } from '../../bench/as_users';
import { BOUND } from '../../bench/models/outcome';
import { type Given, seededValues } from '../../bench/models/seeded';
import { preparation, registerLayers } from '../../bench/models/stock_or_ours';
import { type Player, race, timedOf } from '../../bench/race';
import { uninstall } from '../../src';
import { limitsOn } from './limits';
import { OPEN_SIZE } from './model_json';
import type { LabRow } from './verdict';

/** A file as a page has it. */
export type ModelFile = Pick<File, 'name' | 'arrayBuffer'>;

export const RIVALS = ['stock', 'install()'] as const;
/** Values of an input: 256 MB. */
const MOST_VALUES = 2 ** 26;

type Model = tf.LayersModel | tf.GraphModel;

/** A model as its files have it. */
export interface FoundModel {
  readonly isGraph: boolean;
  readonly artifacts: tf.io.ModelArtifacts;
}

/**
 * Reads a model from its files: one model.json, and all files of weights that it names.
 *
 * @throws Error if they are none; the message says what is missing.
 */
export async function modelOf(files: readonly ModelFile[]): Promise<FoundModel> {
  const texts = files.filter(({ name }) => name.endsWith('.json'));
  if (texts.length !== 1)
    throw new Error(`Choose one model.json together with its weights; there are ${texts.length} files .json here`);
  let json: (tf.io.ModelJSON & { modelTopology?: { node?: unknown } | null }) | null;
  try {
    json = JSON.parse(new TextDecoder().decode(await texts[0].arrayBuffer())) as typeof json;
  } catch (error) {
    throw new Error(`${texts[0].name} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  const topology = json?.modelTopology;
  if (!topology || typeof topology !== 'object')
    throw new Error(`${texts[0].name} is no model.json of TensorFlow.js: it has no modelTopology`);
  const paths = pathsOf(json!.weightsManifest);
  const named = new Map(files.map((file) => [file.name, file]));
  const missing = paths.filter((path) => !named.has(path));
  if (missing.length > 0)
    throw new Error(`Choose the weights together with ${texts[0].name}: it names ${missing.slice(0, 5).join(', ')}`);
  const artifacts = await tf.io.getModelArtifactsForJSON(json!, async (manifest) => [
    tf.io.getWeightSpecs(manifest),
    await Promise.all(paths.map((path) => named.get(path)!.arrayBuffer())),
  ]);
  checkLength(artifacts);
  return { isGraph: Array.isArray((topology as { node?: unknown }).node), artifacts };
}

/** The names of the files of weights. */
function pathsOf(manifest: unknown): string[] {
  const groups = Array.isArray(manifest) ? (manifest as ({ paths?: unknown; weights?: unknown } | null)[]) : undefined;
  const isGood = (group: { paths?: unknown; weights?: unknown } | null): boolean =>
    Array.isArray(group?.weights) && Array.isArray(group.paths) && group.paths.every((one) => typeof one === 'string');
  if (!groups?.every(isGood))
    throw new Error(
      'A model.json has a weightsManifest, a list of groups with paths and weights, but this one has none',
    );
  return groups.flatMap((group) => (group!.paths as string[]).map((path) => path.split('/').at(-1)!));
}

const BYTES: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1, complex64: 8, uint8: 1, uint16: 2 };

function checkLength({ weightSpecs = [], weightData }: tf.io.ModelArtifacts): void {
  let expected = 0;
  for (const { name, shape, dtype, quantization } of weightSpecs) {
    const stored = quantization?.dtype === 'float16' ? 'uint16' : (quantization?.dtype ?? dtype);
    if (!Array.isArray(shape) || !Object.hasOwn(BYTES, stored)) {
      if (Array.isArray(shape) && stored === 'string') return; // Of any length.
      throw new Error(
        `The weight ${name} must have a shape and a dtype of tfjs, but has ${JSON.stringify(shape)}, ${dtype}`,
      );
    }
    expected += tf.util.sizeFromShape(shape) * BYTES[stored];
  }
  const bytes = new tf.io.CompositeArrayBuffer(weightData).byteLength;
  if (bytes !== expected)
    throw new Error(`The weights must be ${expected} bytes as model.json has them, but the files hold ${bytes}`);
}

/** Values for each input; a size that is left open is 1 for the batch, else {@link OPEN_SIZE}. */
function inputsOf(model: Model): Given[] {
  return model.inputs.map(({ name, shape }, n) => {
    if (!shape) throw new Error(`The model does not say what shape its input ${name} has`);
    const whole = shape.map((size: number | null, axis) =>
      size === null || size < 0 ? (axis === 0 ? 1 : OPEN_SIZE) : size,
    );
    if (tf.util.sizeFromShape(whole) > MOST_VALUES)
      throw new Error(`The input ${name} [${whole.join(', ')}] is too large: ${MOST_VALUES} values at most`);
    return seededValues(`input ${n}`, whole, Math.sqrt(3));
  });
}

async function loaded({ isGraph, artifacts }: FoundModel): Promise<Model> {
  const handler = tf.io.fromMemory(artifacts);
  try {
    return isGraph ? await tf.loadGraphModel(handler) : await tf.loadLayersModel(handler);
  } catch (error) {
    throw new Error(`TensorFlow.js cannot load this model: ${(error as Error).message}`, { cause: error });
  }
}

/** A rival with a model of its own. */
async function player(name: (typeof RIVALS)[number], found: FoundModel): Promise<Player<typeof name>> {
  const model = await loaded(found);
  const inputs = inputsOf(model);
  const types = model.inputs.map(({ dtype }) => (dtype === 'int32' || dtype === 'bool' ? dtype : 'float32'));
  const run = async (): Promise<Float32Array> => {
    const tensors = inputs.map(({ values, shape }, n) => tf.tensor(values, shape, types[n]));
    const result = model.predict(tensors);
    const outputs = result instanceof tf.Tensor ? [result] : Object.values(result);
    const values = await Promise.all(outputs.map((output) => readWhole(output)));
    tf.dispose([...tensors, ...outputs]);
    return values.length === 1 ? values[0] : joined(values);
  };
  return { name, prepare: preparation(name), run, dispose: () => model.dispose() };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * Races a model on the backend that is set: call by call in turn, from plain values to results that are read in full.
 *
 * @param seconds That it may take; a call is never cut.
 */
export async function raceModel(found: FoundModel, workload: string, seconds: number): Promise<LabRow[]> {
  // As a page has it that knows nothing of this package's layers.
  registerLayers('stock');
  try {
    const loads = RIVALS.map((name) => () => player(name, found));
    const outcome = await race(loads, limitsOn(tf.getBackend(), seconds));
    const stock = timedOf(outcome, 'stock');
    return RIVALS.map((contender): LabRow => {
      const where = { backend: tf.getBackend(), workload, pass: 'forward' as const, contender };
      const result = outcome[contender]!;
      if ('unable' in result) return { ...where, ms: NaN, runs: 0, note: '', gflops: NaN, reason: result.unable };
      const { difference, ...timing } = result;
      const ratio = stock && stock.ms / result.ms;
      // The first result is stock's, if it has one: who differs from it is not to be trusted, nor compared.
      return { ...where, ...timing, gflops: NaN, ratio, ...(contender !== 'stock' && { error: difference / BOUND }) };
    });
  } finally {
    uninstall();
    registerLayers('layers');
  }
}
