// SPDX-License-Identifier: Apache-2.0
/**
 * Compiles the WGSL of our programs by Dawn, on a device that computes nothing: all passes and variants of the layers
 * of the benches and of the specs, and what is fused. Writes into a file, as JSON, which programs there were, and what
 * Dawn said of them; and, so that one sees that it looks, of the same programs with a mistake in each.
 */
import { writeFileSync } from 'node:fs';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { Conv2DTransposeGeometry } from '../../src';
import type { Layer } from '../support/layer';
import { provideWebGPU } from './dawn';

await provideWebGPU('null');
const tf = await import('@tensorflow/tfjs-core');
await import('@tensorflow/tfjs-backend-webgpu');
await import('../../kernels/webgpu');
const { ourContenders } = await import('../../bench/passes');
const { ALL_WORKLOADS } = await import('../../bench/workloads');
const { registerWithSubgroups } = await import('../../bench/webgpu_subgroups');
const { ACTIVATIONS, EXACT_VARIANTS, PASSES, SHAPE_OF } = await import('../../src/contract');
const { computeGeometry, conv2dTranspose, explain, fused } = await import('../../src');
const { CASES } = await import('../support/cases');
const { layer, requestOf } = await import('../support/layer');

/** What Dawn was given of ours, by the keys of the programs, and what it found wrong. */
interface Seen {
  readonly programs: string[];
  readonly errors: string[];
}

/**
 * Runs `body` on a backend made anew.
 *
 * @param change What becomes of the code of a program of ours.
 * @param isSimulated Whether it is to look like a GPU that a CPU simulates, for which there are other programs.
 * @param ofFour Whether its subgroups, if it was made with them, are to look as if they were of four.
 */
async function watched(
  body: () => void,
  { change = (code: string): string => code, isSimulated = false, ofFour = false } = {},
): Promise<Seen> {
  const factory = tf.findBackendFactory('webgpu');
  tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', factory);
  await tf.setBackend('webgpu');
  const backend = tf.backend() as WebGPUBackend;
  const { device } = backend;
  const sizes = ofFour && { subgroupMinSize: 4, subgroupMaxSize: 4 };
  Object.defineProperty(device, 'adapterInfo', { value: { isFallbackAdapter: isSimulated, ...sizes } });
  const seen: Seen = { programs: [], errors: [] };
  device.addEventListener('uncapturederror', (event) => {
    seen.errors.push(event.error.message);
    // Kernels that hear of it throw in the next call.
    event.stopImmediatePropagation();
  });
  let key = '';
  const run = backend.runWebGPUProgram.bind(backend);
  backend.runWebGPUProgram = (program, ...rest) => {
    key = program.shaderKey;
    return run(program, ...rest);
  };
  const create = device.createShaderModule.bind(device);
  device.createShaderModule = (descriptor) => {
    if (!key.startsWith('conv2d-transpose')) return create(descriptor);
    seen.programs.push(key);
    return create({ code: change(descriptor.code), label: key });
  };
  body();
  await device.queue.onSubmittedWorkDone();
  return seen;
}

/** All passes of a geometry, by every variant that can. */
function run(geometry: Conv2DTransposeGeometry): void {
  const { variants } = explain(geometry);
  const able = EXACT_VARIANTS.filter((variant) => variants[variant].support.supported);
  tf.tidy(() => {
    const zeros = (operand: keyof typeof SHAPE_OF): Tensor4D => tf.zeros(SHAPE_OF[operand](geometry));
    const operands = { x: zeros('x'), filter: zeros('filter'), dy: zeros('dy') };
    for (const pass of PASSES) for (const one of ourContenders(pass, { geometry }, operands, able)) one.run();
  });
}

/** What is fused into each program that writes a result: activations, with a bias or without. */
function runFused(geometry: Conv2DTransposeGeometry, isBiased: boolean): void {
  for (const variant of EXACT_VARIANTS) {
    for (const activation of ACTIVATIONS) {
      tf.tidy(() => {
        const channels = tf.zeros<Rank.R1>([geometry.outChannels]);
        fused.conv2dTranspose({
          x: tf.zeros<Rank.R4>(SHAPE_OF.x(geometry)),
          filter: tf.zeros<Rank.R4>(SHAPE_OF.filter(geometry)),
          strides: [geometry.strideHeight, geometry.strideWidth],
          pad: 'valid',
          groups: geometry.groups,
          variant,
          ...(isBiased && { bias: channels }),
          activation,
          ...(activation === 'prelu' && { preluActivationWeights: channels }),
        });
      });
    }
  }
}

/** Operands whose buffers hold integers. */
function runOnIntegers(): void {
  tf.tidy(() => {
    const cast = (shape: [number, number, number, number]): Tensor4D => tf.cast(tf.zeros(shape, 'int32'), 'float32');
    conv2dTranspose(cast([1, 2, 2, 4]), cast([2, 2, 4, 4]), undefined, 2, 'same');
  });
}

const geometryOf = (one: Layer): Conv2DTransposeGeometry => computeGeometry(requestOf(one));
const small = geometryOf(layer());
/** One for each program that writes a result: of single, few and many channels, of groups, and sums in parts. */
const written = [
  layer(),
  layer({ inChannels: 16, outChannels: 8 }),
  layer({ inChannels: 32, outChannels: 64, groups: 2 }),
  layer({ inChannels: 6, outChannels: 4, groups: 2 }),
  layer({ inChannels: 8, outChannels: 8, groups: 8 }),
  layer({ inSize: [4, 8], inChannels: 8, outChannels: 3 }),
  layer({ inChannels: 8, outChannels: 1, kernel: [2, 2] }),
  layer({ inChannels: 128, outChannels: 3 }),
  layer({ inChannels: 128, outChannels: 4 }),
].map(geometryOf);
/** A device each, for the memory of one is small here. */
const workloads = ALL_WORKLOADS.map(
  ({ geometry }) =>
    () =>
      run(geometry),
);
const bodies = [
  ...workloads,
  () => Object.values(CASES).map(geometryOf).forEach(run),
  () => written.forEach((geometry) => runFused(geometry, true)),
  () => runFused(small, false),
  runOnIntegers,
];
const all: Seen = { programs: [], errors: [] };
async function compile(these: readonly (() => void)[], options: Parameters<typeof watched>[1]): Promise<void> {
  for (const body of these) {
    const { programs, errors } = await watched(body, options);
    all.programs.push(...programs);
    all.errors.push(...errors);
  }
}
for (const isSimulated of [false, true]) await compile(bodies, { isSimulated });
if (!(await registerWithSubgroups())) throw new Error('This Dawn has no subgroups');
await compile(workloads, { isSimulated: true, ofFour: true });
/** Each of these is a mistake of another kind: of syntax, of types, and a name that is not there. */
const MISTAKES = ['fn broken( {', 'fn broken() -> i32 { return 1.5; }', 'fn broken() -> f32 { return missing; }'];
const controls: Seen[] = [];
for (const mistake of MISTAKES)
  controls.push(await watched(() => run(small), { change: (code) => `${code}\n${mistake}` }));
writeFileSync(process.argv[2], JSON.stringify({ ...all, controls }));
process.exit(0);
