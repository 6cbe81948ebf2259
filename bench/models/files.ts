// SPDX-License-Identifier: Apache-2.0
/**
 * The networks as files: model.json and weights.bin, as users have them from tfjs's converter, and model.onnx. Written
 * once into bench/out/models, and again when what determines them has changed.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { onnxOfLayers } from '../peers/onnx_of_layers';
import { type Network, build, writingsOf } from './networks';
import { onnxPathOf, pathOf } from './paths';
import { setSeededWeights } from './weights';
import type { Writing } from './written';

/** The folder with a folder for each network. */
export const MODELS = fileURLToPath(new URL('../out/models/', import.meta.url));

/** What determines the files: the sources of this folder, and what they are written by. */
const SOURCES = [
  'networks.ts',
  'written.ts',
  'weights.ts',
  'files.ts',
  '../peers/onnx_of_layers.ts',
  '../peers/onnx.ts',
];
const digest = createHash('sha256');
for (const source of SOURCES) digest.update(readFileSync(new URL(source, import.meta.url)));
const DIGEST = digest.digest('hex');

/** Writes the files of a network, unless they are there. Needs the cpu backend, or whichever is set. */
export async function ensureFiles(network: Network): Promise<void> {
  const stamp = `${MODELS}${network.name}/sources.sha256`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === DIGEST) return;
  for (const writing of writingsOf(network)) {
    const { model, recipes } = build(network, writing);
    setSeededWeights(model, recipes);
    const folder = `${MODELS}${network.name}/${writing}/`;
    mkdirSync(folder, { recursive: true });
    await model.save(tf.io.withSaveHandler(async (artifacts) => save(folder, artifacts)));
    // ONNX has groups and one dimension.
    if (writing === writingsOf(network).at(-1)) writeFileSync(MODELS + onnxPathOf(network.name), onnxOfLayers(model));
    model.dispose();
  }
  writeFileSync(stamp, DIGEST);
}

function save(folder: string, { weightData, weightSpecs, ...rest }: tf.io.ModelArtifacts): tf.io.SaveResult {
  const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
  writeFileSync(`${folder}model.json`, JSON.stringify({ ...rest, weightsManifest }));
  writeFileSync(`${folder}weights.bin`, new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)));
  return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
}

/** What `tf.loadLayersModel` takes, of files. */
export function fileHandler(name: string, writing: Writing): tf.io.IOHandler {
  const path = MODELS + pathOf(name, writing);
  return {
    load: () =>
      tf.io.getModelArtifactsForJSON(JSON.parse(readFileSync(path, 'utf8')) as tf.io.ModelJSON, async (manifest) => [
        tf.io.getWeightSpecs(manifest),
        arrayBufferOf(readFileSync(path.replace('model.json', manifest[0].paths[0]))),
      ]),
  };
}

function arrayBufferOf({ buffer, byteOffset, byteLength }: Buffer): ArrayBuffer {
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}
