// SPDX-License-Identifier: Apache-2.0
/** Measures who is fastest on the user's machine, when the user says so. */
import {
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor,
  dispose,
  engine,
  getBackend,
  nextFrame,
  randomUniform,
  ready,
  slice,
  tidy,
} from '@tensorflow/tfjs-core';
import {
  type BackendDescriptor,
  type Contender,
  type Conv2DTransposeAttrs,
  PASSES,
  PASS_OPERANDS,
  type Pass,
  SHAPE_OF,
  contendersOn,
  descriptorOf,
  kernelNameFor,
} from '../contract';
import type { Conv2DTransposeGeometry } from '../geometry/geometry';
import { type GeometryRequest, toGeometry } from '../geometry/request';
import { checkInteger, checkNames, checkObject, checkOneOf, show } from '../geometry/checks';
import { type Place, supportOfOurs } from './choose';
import { type LayersModelLike, convolutionsOf, requestsOf } from './model_requests';
import { isInstalled, stockCall, stockShapes } from './stock';
import { type Winner, keepWinner } from './winners';

export interface TuneOptions {
  /** Called after each geometry. */
  onProgress?: (done: number, all: number, winner: Winner | undefined) => void;
  /** Samples of each contender. Default: 5. */
  samples?: number;
  /** Batch size where a model leaves it open. Default: 1. */
  batch?: number;
  /** What is measured of a geometry. Default: the forward pass. */
  passes?: readonly Pass[];
}

/** What is raced for. */
interface Task {
  readonly pass: Pass;
  readonly geometry: Conv2DTransposeGeometry;
}

/**
 * Measures every variant that can run on the backend that is set, for every geometry, and keeps the winners: 'auto'
 * chooses them from then on. Where `install` stands, stock's kernels are measured as well, and so are the model's
 * Conv2D layers: installed kernels leave to stock what it computes faster. Lets the page draw in between. Nothing is
 * measured unless this is called.
 *
 * @param what A tfjs layers model, whose Conv2DTranspose and Conv1DTranspose layers are measured; or geometries, or
 *   requests for some.
 * @returns the winners; geometries that nobody can run are left out.
 * @throws Error if there is nothing to measure in what was given, an option is not what it must be, or another backend
 *   is set meanwhile; winners that were found until then are kept.
 */
export async function tune(
  what: LayersModelLike | readonly (GeometryRequest | Conv2DTransposeGeometry)[],
  options: TuneOptions = {},
): Promise<Winner[]> {
  checkObject('tune: options', options);
  checkNames('tune', options, ['onProgress', 'samples', 'batch', 'passes']);
  const { onProgress, samples = 5, batch = 1, passes = ['forward'] } = options;
  checkInteger('tune: samples', samples, 1, MOST_SAMPLES);
  checkInteger('tune: batch', batch, 1);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw new RangeError(`tune: onProgress must be a function, but was ${show(onProgress)}`);
  if (!Array.isArray(passes)) throw new RangeError(`tune: passes must be an array, but was ${show(passes)}`);
  passes.forEach((pass: unknown) => checkOneOf('tune: passes', pass, PASSES));
  await ready();
  if (passes.length === 0)
    throw new RangeError(`tune: passes must be some of ${PASSES.map(show).join(', ')}; none is given`);
  const place = { backendName: getBackend(), backend: engine().backend };
  const tasks = tasksOf(what, batch, passes);
  if (tasks.length === 0)
    throw new Error('tune: there is nothing to measure; give a model with transposed convolutions, or geometries');
  const winners: Winner[] = [];
  for (const [n, task] of tasks.entries()) {
    const winner = await race(task, samples, place);
    if (winner) {
      keepWinner(winner);
      winners.push(winner);
    }
    onProgress?.(n + 1, tasks.length, winner);
  }
  return winners;
}

/** More would take for ever, and tell no more. */
const MOST_SAMPLES = 1000;

function tasksOf(what: Parameters<typeof tune>[0], batch: number, passes: readonly Pass[]): Task[] {
  const given: readonly (GeometryRequest | Conv2DTransposeGeometry)[] = Array.isArray(what)
    ? what
    : sizedRequests(checkedModel(what), batch);
  const tasks = given.map(toGeometry).flatMap((geometry) => passes.map((pass): Task => ({ pass, geometry })));
  if (!Array.isArray(what))
    for (const geometry of convolutionsOf(what as LayersModelLike, batch))
      if (isInstalled('input gradient', geometry, getBackend())) tasks.push({ pass: 'input gradient', geometry });
  return tasks;
}

/** @throws RangeError if the model leaves open a size that a layer's time depends on. */
function sizedRequests(model: LayersModelLike, batch: number): GeometryRequest[] {
  const requests = requestsOf(model, batch);
  const open = requests.find(({ xShape }) => xShape.includes(0));
  if (open)
    throw new RangeError(
      `tune: the model leaves open what ${show(open.name)} gets: [${open.xShape.map((size) => size || '?')}]. Give ` +
        'it an inputShape of numbers, or tune requests for the sizes that you use: those of requestsOf, with what is ' +
        '0 in xShape filled in and without outputShape',
    );
  return requests;
}

function checkedModel(what: unknown): LayersModelLike {
  if (Array.isArray((what as LayersModelLike | undefined)?.layers)) return what as LayersModelLike;
  throw new RangeError(`tune takes a layers model or an array of geometries or requests, but was given ${show(what)}`);
}

/** Runs on operands of its own side: whoever is first to use a tensor decides how it lies on a GPU. */
type Run = (first: Tensor, second: Tensor) => Tensor;

/** Who can compute a pass here, and how. */
function contendersOf({ pass, geometry }: Task, place: Place, descriptor: BackendDescriptor): Map<Contender, Run> {
  const runs = new Map<Contender, Run>();
  const [first, second] = PASS_OPERANDS[pass].takes;
  for (const name of contendersOn(descriptor, pass)) {
    if (!supportOfOurs(pass, name, geometry, place).supported) continue;
    const attrs: Conv2DTransposeAttrs = { geometry, variant: name === 'ours' ? 'subpixel' : name };
    const inputs = (a: Tensor, b: Tensor): NamedTensorMap => ({ [first]: a, [second]: b });
    runs.set(name, (a, b) =>
      engine().runKernel(kernelNameFor(pass, name), inputs(a, b), attrs as unknown as NamedAttrMap),
    );
  }
  const stock = isInstalled(pass, geometry, place.backendName)
    ? stockCall(pass, geometry, place.backendName)
    : undefined;
  if (stock !== undefined && runs.size > 0) {
    const { kernel, operands, attrs } = stock;
    runs.set('stock', (a, b) => {
      const inputs = { [operands[0]]: a, [operands[1]]: b };
      const made = kernel.kernelFunc({ inputs, backend: place.backend, attrs });
      return engine().makeTensorFromTensorInfo(Array.isArray(made) ? made[0] : made);
    });
  }
  return runs;
}

/**
 * Rounds that only warm up, and how many times as long as the fastest a contender may take in them to stay in the race.
 * The first compiles, and so tells little.
 */
const WARM_ROUNDS = [20, 4];
/** Nobody is sent away for fewer milliseconds. */
const LONG_MS = 50;

/** Contenders in turn, so that a disturbance hits all alike; medians. Who is out of reach is not run again. */
async function race(task: Task, samples: number, place: Place): Promise<Winner | undefined> {
  const { pass, geometry } = task;
  const descriptor = descriptorOf(place.backendName);
  if (descriptor === undefined) return undefined;
  const runs = contendersOf(task, place, descriptor);
  if (runs.size === 0) return undefined;
  if (geometry.batch === 0)
    throw new RangeError('tune: a geometry of batch 0 takes no time; give one of batch 1 or more');
  const device = descriptor.device(place.backend);
  const make = (shapes: readonly number[][]): Tensor[] =>
    tidy(() => shapes.map((shape) => randomUniform(shape, -1, 1)));
  const ours = make(PASS_OPERANDS[pass].takes.map((name) => SHAPE_OF[name](geometry)));
  const stocks = runs.has('stock') ? make(stockShapes(pass, geometry)) : [];
  const times = new Map<Contender, number[]>([...runs.keys()].map((name) => [name, []]));
  const running = new Map(runs);
  try {
    for (let round = 0; round < WARM_ROUNDS.length + samples; round++) {
      let least = Infinity;
      const took = new Map<Contender, number>();
      for (const [name, run] of running) {
        if (engine().backend !== place.backend || descriptor.device(place.backend) !== device)
          throw new Error(
            `tune: backend '${getBackend()}', or what it runs on, was set while '${place.backendName}' on ${device} ` +
              'was being measured; set what you want to tune, and tune again',
          );
        const begin = performance.now();
        const [first, second] = name === 'stock' ? stocks : ours;
        const result = run(first, second);
        try {
          const corner = slice(result, [0, 0, 0, 0], [1, 1, 1, 1]);
          await corner.data().finally(() => corner.dispose());
        } finally {
          result.dispose();
        }
        took.set(name, performance.now() - begin);
        least = Math.min(least, took.get(name)!);
      }
      for (const [name, ms] of took) {
        times.get(name)!.push(ms);
        if (ms > Math.max(LONG_MS, least * (WARM_ROUNDS[round] ?? Infinity))) running.delete(name);
      }
      await nextFrame();
    }
  } finally {
    dispose([...ours, ...stocks]);
  }
  const ms: Partial<Record<Contender, number>> = {};
  for (const [name, all] of times)
    ms[name] = running.has(name) ? all.slice(WARM_ROUNDS.length).sort((a, b) => a - b)[samples >> 1] : Math.min(...all);
  const fastest = [...times.keys()].reduce((a, b) => (ms[b]! < ms[a]! ? b : a));
  return { backend: place.backendName, device, pass, geometry, fastest, ms };
}
