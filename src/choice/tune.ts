// SPDX-License-Identifier: Apache-2.0
/** Measures who is fastest on the user's machine, when the user says so. */
import { type Tensor, dispose, engine, getBackend, ready, tidy } from '@tensorflow/tfjs-core';
import { type Contender, PASSES, type Pass, descriptorOf } from '../contract';
import { type Conv2DTransposeGeometry, operandShapes } from '../geometry/geometry';
import { type GeometryRequest, toGeometry } from '../geometry/request';
import { checkInteger, checkNames, checkObject, checkOneOf, show } from '../geometry/checks';
import { type Place, ourContender, timedOn } from './choose';
import { type Task, contendersOf, operandsOf, runOf, stockOperandsOf } from './contest';
import { type LayersModelLike, convolutionsOf, requestsOf } from './model_requests';
import { race } from './race';
import { applySettings, keepSetting, settingOf, settingsHere } from './settings';
import { isInstalled } from './stock';
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

/**
 * Measures every variant that can run on the backend that is set, for every geometry, and keeps the winners: 'auto'
 * chooses them from then on. Where `install` stands, stock's kernels are measured as well, and so are the model's
 * Conv2D layers: installed kernels leave to stock what it computes faster. Where a backend's kernels can be set in
 * several ways (`webgl`: the tile that a fragment computes; `webgpu`: who computes one), these are measured first, on
 * the heaviest geometry, and the fastest is kept. Lets the page draw in between. Nothing is measured unless this is
 * called.
 *
 * @param what A tfjs layers model, whose Conv2DTranspose and Conv1DTranspose layers are measured; or geometries, or
 *   requests for some.
 * @returns the winners; geometries that nobody can run are left out, and so is, with a warning, who fails at one.
 * @throws Error if there is nothing to measure in what was given, an option is not what it must be, all fail at a
 *   geometry, or another backend is set meanwhile; winners that were found until then are kept.
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
  applySettings(place.backendName);
  await tuneSettings(tasks, samples, place);
  const winners: Winner[] = [];
  for (const [n, task] of tasks.entries()) {
    const winner = await fastestOf(task, samples, place);
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

/** @throws Error if what is measured is no longer what the backend runs on. */
function checkPlace({ backendName, backend }: Place, device: string): void {
  if (engine().backend === backend && descriptorOf(backendName)!.device(backend) === device) return;
  throw new Error(
    `tune: backend '${getBackend()}', or what it runs on, was set while '${backendName}' on ${device} ` +
      'was being measured; set what you want to tune, and tune again',
  );
}

function rulesOf(samples: number, what: string, place: Place, device: string): Parameters<typeof race>[1] {
  const { settle } = descriptorOf(place.backendName)!;
  return {
    samples,
    what,
    check: () => checkPlace(place, device),
    settle: async () => settle?.(place.backend),
  };
}

/** Who of those that can compute a pass takes least. */
async function fastestOf(task: Task, samples: number, place: Place): Promise<Winner | undefined> {
  const { pass, geometry } = task;
  const descriptor = descriptorOf(place.backendName);
  if (descriptor === undefined) return undefined;
  const contenders = contendersOf(task, place, descriptor);
  if (contenders.size === 0) return undefined;
  if (geometry.batch === 0)
    throw new RangeError('tune: a geometry of batch 0 takes no time; give one of batch 1 or more');
  const device = descriptor.device(place.backend);
  const made: Tensor[] = [];
  const keep = (operands: [Tensor, Tensor]): [Tensor, Tensor] => {
    made.push(...operands);
    return operands;
  };
  const runs = new Map<Contender, () => Tensor[]>();
  try {
    const ours = keep(operandsOf(task));
    const stocks = contenders.has('stock') ? keep(stockOperandsOf(task)) : ours;
    for (const [name, run] of contenders) {
      const [first, second] = name === 'stock' ? stocks : ours;
      runs.set(name, () => [run(first, second)]);
    }
    const ms = await race(runs, rulesOf(samples, `the ${pass} pass of ${operandShapes(geometry)}`, place, device));
    const { backendName: backend } = place;
    return { backend, device: timedOn(pass, geometry, place), pass, geometry, fastest: leastOf(ms), ms };
  } finally {
    dispose(made);
  }
}

/**
 * How many times as long the usual setting may take as another and still be preferred: of settings that are alike,
 * noise must not choose.
 */
const NOISE = 1.05;

/**
 * Measures how the backend's kernels are best set on this device, on the heaviest geometry given in all passes asked
 * for, by the kernels that would run with each; sets them so, and keeps it. One with which they cannot run is left
 * out. What was measured on a heavier geometry stands.
 */
async function tuneSettings(tasks: readonly Task[], samples: number, place: Place): Promise<void> {
  const { backendName, backend } = place;
  const descriptor = descriptorOf(backendName);
  const settings = descriptor?.settings;
  const concerned = tasks.filter((task) => settings?.concern(task.geometry) && runsOurs(task, place));
  if (!descriptor || !settings || concerned.length === 0) return;
  const names = settingsHere(descriptor, backend);
  const device = descriptor.device(backend);
  const { geometry } = concerned.reduce((a, b) => (weightOf(b.geometry) > weightOf(a.geometry) ? b : a));
  const before = settingOf(backendName, device);
  if (names.length < 2 || (before && weightOf(before.geometry) > weightOf(geometry))) return;
  const measured = concerned.filter((task) => task.geometry === geometry);
  const operands: [Tensor, Tensor][] = [];
  const runs = new Map<string, () => Tensor[]>();
  try {
    for (const task of measured) operands.push(operandsOf(task));
    for (const name of names) {
      settings.use(device, name);
      const contenders = measured.map(({ pass }) => ourContender(pass, geometry, place));
      if (contenders.includes(undefined)) continue;
      const run = measured.map((task, n) => runOf(task, contenders[n]!));
      runs.set(name, () => {
        settings.use(device, name);
        // What the first has made goes where a later one throws.
        return tidy(() => operands.map((pair, n) => run[n](...pair)));
      });
    }
    if (runs.size < 2) return;
    const what = `${settings.of}, ${operandShapes(geometry)}`;
    const ms = (await race(runs, rulesOf(samples, what, place, device))) as Record<string, number>;
    const [usual] = names;
    const least = leastOf(ms);
    const fastest = usual in ms && ms[usual] <= NOISE * ms[least] ? usual : least;
    keepSetting({ backend: backendName, device, geometry, fastest, ms });
  } finally {
    settings.use(device, settingOf(backendName, device)?.fastest);
    dispose(operands.flat());
  }
}

/** Whether a kernel of ours can run a task here. */
const runsOurs = ({ pass, geometry }: Task, place: Place): boolean =>
  geometry.batch > 0 && ourContender(pass, geometry, place) !== undefined;

/** Multiply-adds of a pass, those that are cropped away among them. */
function weightOf(g: Conv2DTransposeGeometry): number {
  return g.batch * g.inHeight * g.inWidth * g.filterHeight * g.filterWidth * g.inChannels * (g.outChannels / g.groups);
}

function leastOf<K extends string>(ms: Partial<Record<K, number>>): K {
  return (Object.keys(ms) as K[]).reduce((a, b) => (ms[b]! < ms[a]! ? b : a));
}
