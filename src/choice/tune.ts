// SPDX-License-Identifier: Apache-2.0
/** Measures the variants on the user's machine, when the user says so. */
import {
  type NamedAttrMap,
  type Tensor,
  engine,
  getBackend,
  nextFrame,
  randomUniform,
  ready,
  slice,
  tidy,
} from '@tensorflow/tfjs-core';
import { type Conv2DTransposeAttrs, type Variant, descriptorOf, kernelNameOf } from '../contract';
import {
  type Conv2DTransposeGeometry,
  type GeometryRequest,
  filterShapeOf,
  toGeometry,
  xShapeOf,
} from '../geometry/geometry';
import { checkInteger, show } from '../geometry/checks';
import { supportOfVariant, variantsOf } from './choose';
import { type LayersModelLike, requestsOf } from './model_requests';
import { type Winner, keepWinner } from './winners';

export interface TuneOptions {
  /** Called after each geometry. */
  onProgress?: (done: number, all: number, winner: Winner | undefined) => void;
  /** Samples of each variant. Default: 5. */
  samples?: number;
  /** Batch size where a model leaves it open. Default: 1. */
  batch?: number;
}

/**
 * Measures every variant that can run on the backend that is set, for every geometry, and keeps the winners: 'auto'
 * chooses them from then on. Lets the page draw in between. Nothing is measured unless this is called.
 *
 * @param what A tfjs layers model, whose Conv2DTranspose layers are measured; or geometries, or requests for some.
 * @returns the winners; geometries that no variant can run are left out.
 * @throws Error if there is nothing to measure in what was given, an option is not what it must be, or another backend
 *   is set meanwhile; winners that were found until then are kept.
 */
export async function tune(
  what: LayersModelLike | readonly (GeometryRequest | Conv2DTransposeGeometry)[],
  { onProgress, samples = 5, batch = 1 }: TuneOptions = {},
): Promise<Winner[]> {
  checkInteger('tune: samples', samples, 1, MOST_SAMPLES);
  checkInteger('tune: batch', batch, 1);
  await ready();
  const requests: readonly (GeometryRequest | Conv2DTransposeGeometry)[] = Array.isArray(what)
    ? what
    : requestsOf(checkedModel(what), batch);
  const geometries = requests.map(toGeometry);
  if (geometries.length === 0)
    throw new Error('tune: there is nothing to measure; give a model with Conv2DTranspose layers, or geometries');
  const winners: Winner[] = [];
  for (const [n, geometry] of geometries.entries()) {
    const winner = await race(geometry, samples);
    if (winner) {
      keepWinner(winner);
      winners.push(winner);
    }
    onProgress?.(n + 1, geometries.length, winner);
  }
  return winners;
}

/** More would take for ever, and tell no more. */
const MOST_SAMPLES = 1000;

function checkedModel(what: unknown): LayersModelLike {
  if (Array.isArray((what as LayersModelLike | undefined)?.layers)) return what as LayersModelLike;
  throw new RangeError(`tune takes a layers model or an array of geometries or requests, but was given ${show(what)}`);
}

/** Variants in turn, so that a disturbance hits all alike; medians. */
async function race(geometry: Conv2DTransposeGeometry, samples: number): Promise<Winner | undefined> {
  const place = { backendName: getBackend(), backend: engine().backend };
  const descriptor = descriptorOf(place.backendName);
  const able = variantsOf(descriptor).filter((variant) => supportOfVariant(variant, geometry, place).supported);
  if (descriptor === undefined || able.length === 0) return undefined;
  if (geometry.batch === 0)
    throw new RangeError('tune: a geometry of batch 0 takes no time; give one of batch 1 or more');
  const device = descriptor.device(place.backend);
  const [x, filter] = tidy(() =>
    [xShapeOf(geometry), filterShapeOf(geometry)].map((shape) => randomUniform(shape, -1, 1)),
  );
  const times = new Map<Variant, number[]>(able.map((variant) => [variant, []]));
  try {
    // The first two rounds compile and warm up.
    for (let round = -2; round < samples; round++) {
      for (const variant of able) {
        if (engine().backend !== place.backend || descriptor.device(place.backend) !== device)
          throw new Error(
            `tune: backend '${getBackend()}', or what it runs on, was set while '${place.backendName}' on ${device} ` +
              'was being measured; set what you want to tune, and tune again',
          );
        const begin = performance.now();
        const attrs: Conv2DTransposeAttrs = { geometry, variant };
        const y: Tensor = engine().runKernel(kernelNameOf(variant), { x, filter }, attrs as unknown as NamedAttrMap);
        try {
          const corner = slice(y, [0, 0, 0, 0], [1, 1, 1, 1]);
          await corner.data().finally(() => corner.dispose());
        } finally {
          y.dispose();
        }
        if (round >= 0) times.get(variant)!.push(performance.now() - begin);
      }
      await nextFrame();
    }
  } finally {
    x.dispose();
    filter.dispose();
  }
  const ms = Object.fromEntries(
    able.map((variant) => [variant, times.get(variant)!.sort((a, b) => a - b)[samples >> 1]]),
  ) as Partial<Record<Variant, number>>;
  const variant = able.reduce((a, b) => (ms[b]! < ms[a]! ? b : a));
  return { backend: place.backendName, device, geometry, variant, ms };
}
