// SPDX-License-Identifier: Apache-2.0
/** Does the measuring, away from the page, which stays alive meanwhile and stops a run by ending this worker. */
import * as tf from '@tensorflow/tfjs';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { expose } from 'comlink';
import { readWhole, waitForGPU } from '../../bench/as_users';
import { benchOn, comparePass } from '../../bench/compare_pass';
import { type Asked, fieldOf } from '../../bench/field';
import { disposeOperands, makeOperands, makeValues } from '../../bench/operands';
import type { Contender, Pass } from '../../bench/passes';
import type { Row } from '../../bench/results';
import { type Workload, workloadsNamed } from '../../bench/workloads';
import { VARIANTS } from '../../src';
import { type Available, available, registered, setBackend } from '../site/backends';
import { limitsOn } from './limits';
import { type FoundLayers, layersOfModelJson } from './model_json';
import { modelOf, raceModel } from './model_race';
import { workloadOf } from './own_layer';
import type { Plan } from './plan';
import type { LabRow } from './verdict';

/** Elements of every result that are compared with the definition; of a smaller result, all. */
const SAMPLES = 256;

/** What tfjs knows in this browser, and what of it the browser has. */
export interface Environment {
  readonly registered: readonly string[];
  readonly backends: readonly Available[];
}

export interface Progress {
  readonly done: number;
  readonly all: number;
  readonly now: string;
}

/** A pass of a layer on a backend. */
interface Cell {
  readonly backend: string;
  readonly workload: Workload;
  readonly pass: Pass;
}

const lab = {
  async environment(): Promise<Environment> {
    const names = registered();
    return { registered: names, backends: await available(names) };
  },

  layersOfModelJson: (text: string): Promise<FoundLayers> => layersOfModelJson(text),

  /** Runs a plan; tells of every row as it comes. */
  async run(plan: Plan, onProgress: (progress: Progress) => void, onRow: (row: LabRow) => void): Promise<void> {
    const workloads = [...workloadsNamed(plan.workloads), ...plan.own.map(workloadOf)];
    const cells: Cell[] = plan.backends.flatMap((backend) =>
      workloads.flatMap((workload) => plan.passes.map((pass) => ({ backend, workload, pass }))),
    );
    for (const [done, cell] of cells.entries()) {
      const where = `${cell.backend}, ${cell.workload.name}, ${cell.pass}`;
      const tell = (what: string): void => onProgress({ done, all: cells.length, now: `${where}: ${what}` });
      for (const row of await measure(plan, cell, tell)) onRow(row);
    }
    onProgress({ done: cells.length, all: cells.length, now: 'done' });
  },

  /** Races a whole model from its files, on the plan's backends. */
  async race(
    { backends, seconds }: Plan,
    files: readonly File[],
    onProgress: (progress: Progress) => void,
    onRow: (row: LabRow) => void,
  ): Promise<void> {
    const found = await modelOf(files);
    const name = files.find((file) => file.name.endsWith('.json'))!.name;
    for (const [done, backend] of backends.entries()) {
      onProgress({ done, all: backends.length, now: `${backend}: ${name}, stock and install() in turn` });
      if (!(await setBackend(backend))) throw new Error(`this browser has no ${backend}`);
      for (const row of await raceModel(found, name, seconds)) onRow(row);
    }
  },
};
export type Lab = typeof lab;
expose(lab);

function askedBy({ contenders }: Plan): Asked {
  return {
    variants: VARIANTS.filter((variant) => contenders.includes(variant)),
    stock: contenders.includes('stock'),
    auto: contenders.includes('auto'),
  };
}

async function measure(plan: Plan, cell: Cell, tell: (what: string) => void): Promise<LabRow[]> {
  const { backend, workload, pass } = cell;
  const none = (contender: string, reason: string): LabRow => {
    const where = { backend, workload: workload.name, pass, contender };
    return { ...where, ms: NaN, runs: 0, note: '', gflops: NaN, reason };
  };
  if (!(await setBackend(backend))) return [none('all', `this browser has no ${backend}`)];
  // A first run of each: it tells who can, and on a GPU, by a backend of its own, what compiling and memory cost.
  const field = fieldOf(askedBy(plan), workload, pass);
  const rows = field.unable.map(({ name, reason }) => none(name, reason));
  const firsts = new Map<string, FirstCall>();
  for (const name of field.names) {
    tell(`${name}, first call`);
    try {
      firsts.set(name, await firstCall(plan, cell, name));
    } catch (error) {
      rows.push(none(name, (error as Error).message.split('\n')[0]));
    }
  }
  if (firsts.size === 0) return rows;
  tell(`timing ${[...firsts.keys()].join(', ')}`);
  const able: typeof field.contenders = (operands) => field.contenders(operands).filter(({ name }) => firsts.has(name));
  const bench = { ...benchOn(backend), samples: SAMPLES };
  const timed = await comparePass(bench, pass, workload, { contenders: able }, limitsOn(backend, plan.seconds));
  const withFirst = (row: Row): LabRow => {
    const { firstMs, bytes } = firsts.get(row.contender)!;
    return { ...row, firstMs, scratchBytes: bytes ?? row.scratchBytes };
  };
  return [...timed.map(withFirst), ...rows];
}

interface FirstCall {
  readonly firstMs?: number;
  readonly bytes?: number;
}

/**
 * Milliseconds of a contender's very first call. On a GPU by a new backend, where nothing is compiled yet, with the
 * bytes of textures or buffers that the call makes, its result among them. Those who are slow enough to be extrapolated
 * are tried on a part of the channels, which tells no time.
 */
async function firstCall(plan: Plan, { backend, workload, pass }: Cell, name: string): Promise<FirstCall> {
  if (backend === 'webgl' || backend === 'webgpu') await renew(backend);
  const { extrapolates } = benchOn(backend);
  const operands = makeOperands(workload, makeValues(workload));
  try {
    for (const operand of [operands.x, operands.dy]) await waitForGPU(operand);
    const contenders = fieldOf(askedBy(plan), workload, pass).contenders(operands);
    const contender: Contender = contenders.find((one) => one.name === name)!;
    const reduced = extrapolates ? contender.reduced : undefined;
    const before = allocated();
    const begin = performance.now();
    const result = (reduced ?? contender).run();
    await readWhole(result);
    const firstMs = performance.now() - begin;
    const bytes = before === undefined ? undefined : allocated()! - before;
    result.dispose();
    return reduced ? {} : { firstMs, bytes };
  } finally {
    disposeOperands(operands);
  }
}

/** A GPU's backend made anew, where nothing is compiled and its pool of memory is empty. */
async function renew(backend: 'webgl' | 'webgpu'): Promise<void> {
  const factory = tf.findBackendFactory(backend);
  const gl = backend === 'webgl' ? (tf.findBackend(backend) as MathBackendWebGL).gpgpu.gl : undefined;
  tf.removeBackend(backend);
  gl?.getExtension('WEBGL_lose_context')?.loseContext(); // tfjs keeps a context for the next, unless it is lost.
  tf.registerBackend(backend, factory, 2);
  await setBackend(backend);
}

/** Bytes of textures or buffers, where the backend tells: tfjs has a word of its own for each of the two. */
function allocated(): number | undefined {
  const memory = tf.memory() as unknown as { numBytesInGPUAllocated?: number; numBytesAllocatedInGPU?: number };
  return memory.numBytesInGPUAllocated ?? memory.numBytesAllocatedInGPU;
}
