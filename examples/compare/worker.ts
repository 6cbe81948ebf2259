// SPDX-License-Identifier: Apache-2.0
/** Does the measuring, away from the page, which stays alive meanwhile and stops a run by ending this worker. */
import * as tf from '@tensorflow/tfjs';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgpu';
import { expose } from 'comlink';
import { type Bench, compareContenders } from '../../bench/compare_pass';
import {
  type Contender,
  type Operands,
  type Pass,
  makeOperands,
  ourContenders,
  stockContender,
} from '../../bench/passes';
import type { Row } from '../../bench/results';
import { WORKLOADS, type Workload } from '../../bench/workloads';
import { scratch } from '../../kernels/cpu';
import { VARIANTS, conv2dTranspose, explain } from '../../src';
import { yShapeOf } from '../../src/geometry/geometry';
import { available, deviceOf, setBackend } from '../site/backends';
import { type FoundLayers, layersOfModelJson } from './model_json';
import { workloadOf } from './own_layer';
import { BACKENDS, type Plan } from './plan';

/** Elements of every result that are compared with the definition; of a smaller result, all. */
const SAMPLES = 256;
const ROUNDS = 9;

export interface LabRow extends Row {
  /** Why there is no time, if there is none. */
  readonly reason?: string;
}

/** What the browser has. */
export interface Environment {
  readonly backends: readonly { readonly name: string; readonly device: string }[];
}

export interface Progress {
  readonly done: number;
  readonly all: number;
  readonly now: string;
}

const lab = {
  async environment(): Promise<Environment> {
    const backends = [];
    for (const name of await available(BACKENDS)) {
      await setBackend(name);
      backends.push({ name, device: deviceOf(name) });
    }
    return { backends };
  },

  layersOfModelJson: (text: string): Promise<FoundLayers> => layersOfModelJson(text),

  /** Runs a plan; tells of every row as it comes. */
  async run(plan: Plan, onProgress: (progress: Progress) => void, onRow: (row: LabRow) => void): Promise<void> {
    const workloads = [...WORKLOADS.filter(({ name }) => plan.workloads.includes(name)), ...plan.own.map(workloadOf)];
    const cells = plan.backends.flatMap((backend) => workloads.flatMap((workload) => plan.passes.map((pass) => ({ backend, workload, pass })))); // prettier-ignore
    for (const [done, { backend, workload, pass }] of cells.entries()) {
      const tell = (what: string): void =>
        onProgress({ done, all: cells.length, now: `${backend}, ${workload.name}, ${pass}: ${what}` });
      for (const row of await measure(plan, backend, workload, pass, tell)) onRow(row);
    }
    onProgress({ done: cells.length, all: cells.length, now: 'done' });
  },
};
export type Lab = typeof lab;
expose(lab);

/** Who is to compute a pass on the backend that is set, and why others can't. */
interface Field {
  readonly names: readonly string[];
  contenders(operands: Operands): Contender[];
  readonly unable: readonly { readonly name: string; readonly reason: string }[];
}

function fieldOf(plan: Plan, workload: Workload, pass: Pass): Field {
  const { geometry } = workload;
  const unable: { name: string; reason: string }[] = [];
  const { variant: byAuto, variants, reason } = explain(geometry);
  const asked = VARIANTS.filter((variant) => plan.contenders.includes(variant));
  const supported = asked.filter((variant) => variants[variant].support.supported);
  const isComposed = byAuto === undefined && asked.length > 0 && pass === 'forward';
  if (byAuto === undefined && pass !== 'forward') unable.push({ name: 'ours', reason });
  if (byAuto !== undefined && pass === 'forward') {
    for (const variant of asked) {
      const { support } = variants[variant];
      if (!support.supported) unable.push({ name: variant, reason: support.reason });
    }
  }
  const wantsStock = plan.contenders.includes('stock');
  const stockCan = geometry.dilationHeight === 1 && geometry.dilationWidth === 1 && geometry.groups === 1;
  if (wantsStock && !stockCan) unable.push({ name: 'stock', reason: 'stock tfjs has no dilation and no groups' });

  const contenders = (operands: Operands): Contender[] => [
    ...(isComposed ? [composed(workload, operands)] : []),
    ...(byAuto !== undefined && asked.length > 0 ? ourContenders(pass, workload, operands, supported) : []),
    ...(wantsStock && stockCan ? [stockContender(pass, workload, operands)] : []),
  ];
  const names = contenders({} as Operands).map(({ name }) => name); // Nothing runs, so nothing is needed.
  return { names, contenders, unable };
}

/** Our op where there are no kernels for it. */
function composed({ geometry: g, pad }: Workload, { x, filter }: Operands): Contender {
  const strides: [number, number] = [g.strideHeight, g.strideWidth];
  const options = { dilations: [g.dilationHeight, g.dilationWidth] as [number, number], groups: g.groups };
  return { name: 'composed', run: () => conv2dTranspose(x, filter, yShapeOf(g), strides, pad, options) };
}

async function measure(
  plan: Plan,
  backend: string,
  workload: Workload,
  pass: Pass,
  tell: (what: string) => void,
): Promise<LabRow[]> {
  const none = (contender: string, reason: string): LabRow => ({ backend, workload: workload.name, pass, contender, ms: NaN, runs: 0, note: '', gflops: NaN, reason }); // prettier-ignore
  if (!(await setBackend(backend))) return [none('all', `this browser has no ${backend}`)];
  const onGPU = backend === 'webgl' || backend === 'webgpu';
  const finish = onGPU ? waitForGPU : undefined;
  // A first run of each: it tells who can, and on webgl, in a context of its own, what compiling and memory cost.
  const field = fieldOf(plan, workload, pass);
  const rows = field.unable.map(({ name, reason }) => none(name, reason));
  const firsts = new Map<string, FirstCall>();
  for (const name of field.names) {
    tell(`${name}, first call`);
    try {
      firsts.set(name, await firstCall(plan, backend, workload, pass, name));
    } catch (error) {
      rows.push(none(name, (error as Error).message.split('\n')[0]));
    }
  }
  if (firsts.size === 0) return rows;
  tell(`timing ${[...firsts.keys()].join(', ')}`);
  const bench: Bench = { backend, place: onGPU ? onTheGPU : undefined, finish, extrapolates: !onGPU, samples: SAMPLES, scratch: onGPU ? undefined : scratch }; // prettier-ignore
  const able = (operands: Operands): Contender[] => field.contenders(operands).filter(({ name }) => firsts.has(name));
  const limits = { repeat: ROUNDS, budget: plan.seconds * 1000 };
  const timed = await compareContenders(bench, pass, workload, able, limits);
  const withFirst = (row: Row): LabRow => {
    const { firstMs, bytes } = firsts.get(row.contender)!;
    return { ...row, firstMs, scratchBytes: bytes ?? row.scratchBytes };
  };
  return [...timed.map(withFirst), ...rows];
}

async function waitForGPU(result: tf.Tensor): Promise<void> {
  const corner = tf.tidy(() => tf.slice(result, [0, 0, 0, 0], [1, 1, 1, 1]));
  await corner.data();
  corner.dispose();
}

/** Where models have their tensors, packed as tfjs's own ops leave them. */
function onTheGPU(operand: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => tf.mul<tf.Tensor4D>(operand, 1));
}

interface FirstCall {
  readonly firstMs?: number;
  readonly bytes?: number;
}

/**
 * Milliseconds of a contender's very first call. On webgl in a new context, where nothing is compiled yet, with the bytes of textures that the call makes, its result among them. Those
 * who are slow enough to be extrapolated are tried on a part of the channels, which tells no time.
 */
async function firstCall(
  plan: Plan,
  backend: string,
  workload: Workload,
  pass: Pass,
  name: string,
): Promise<FirstCall> {
  const onGPU = backend === 'webgl' || backend === 'webgpu';
  if (backend === 'webgl') await renewWebgl();
  const made = makeOperands(workload);
  const operands = onGPU ? { x: onTheGPU(made.x), filter: onTheGPU(made.filter), dy: onTheGPU(made.dy) } : made;
  try {
    if (onGPU) for (const operand of Object.values(operands)) await waitForGPU(operand);
    const contender = fieldOf(plan, workload, pass)
      .contenders(operands)
      .find((one) => one.name === name)!;
    const reduced = onGPU ? undefined : contender.reduced;
    const before = allocated();
    const begin = performance.now();
    const result = (reduced ?? contender).run();
    if (onGPU) await waitForGPU(result);
    const firstMs = performance.now() - begin;
    const bytes = backend === 'webgl' ? allocated() - before : undefined;
    result.dispose();
    return reduced ? {} : { firstMs, bytes };
  } finally {
    tf.dispose([...Object.values(made), ...Object.values(operands)]);
  }
}

async function renewWebgl(): Promise<void> {
  const factory = tf.findBackendFactory('webgl');
  const { gl } = (tf.findBackend('webgl') as MathBackendWebGL).gpgpu;
  tf.removeBackend('webgl');
  gl.getExtension('WEBGL_lose_context')?.loseContext(); // tfjs keeps a context for the next backend, unless it is lost.
  tf.registerBackend('webgl', factory, 2);
  await setBackend('webgl');
}

function allocated(): number {
  return (tf.memory() as unknown as { numBytesInGPUAllocated?: number }).numBytesInGPUAllocated ?? 0;
}
