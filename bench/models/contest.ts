// SPDX-License-Identifier: Apache-2.0
/**
 * Networks run by their contenders, on the backend that is set, in Node and in a page alike: call by call in turn
 * (../in_turn), each result read in full, and compared.
 */
import * as tf from '@tensorflow/tfjs';
import { uninstall } from '../../src';
import { descriptorNamed } from '../backends';
import { median } from '../averages';
import { inTurn } from '../in_turn';
import { type ContenderName, type ModelFiles, type Player, contendersOf, predictor, trainer } from './contenders';
import { networkNamed } from './networks';

export interface Timed {
  /** Milliseconds of the first call. */
  readonly firstMs: number;
  /** Median milliseconds of the calls after it; of the first if there was no time for more. */
  readonly ms: number;
  /** Calls that the median is of. */
  readonly runs: number;
  /** The largest difference from stock's result, or from the first that there is, relative to the largest value. */
  readonly difference: number;
}
/** By contender; or why it cannot. */
export type Outcome = Partial<Record<ContenderName, Timed | { readonly unable: string }>>;

export interface ModelLimits {
  /** Calls of each at most, besides the first; those that take next to no time get more. */
  readonly rounds: number;
  /** Milliseconds after which no round is begun. */
  readonly budget: number;
  /** Who takes part. Default: all who can. */
  readonly only?: readonly ContenderName[];
}

/** Rounds that are made in any case. */
const LEAST_ROUNDS = 3;
/** What is faster runs so many times as often, for so many ms. */
const MORE_ROUNDS = { times: 20, ms: 1000 };
/**
 * Who takes more than this share of the budget for the first call makes one round more; none if it has taken all of the
 * budget, and at least so many ms.
 */
const SLOW = 1 / 4;
const TOO_SLOW_MS = 10_000;
/** Runs that a profile is the mean of. */
const PROFILED = 3;

/** Milliseconds of a call by kernel, the most first. */
export type KernelTimes = readonly (readonly [kernel: string, ms: number])[];

/** What can be asked for, on a backend that `use` has set. */
export interface Contest {
  /** Sets a backend, flags as tfjs sets them by default; what it runs on, or `undefined` if it cannot be had. */
  use(backend: string): Promise<string | undefined>;
  /** Milliseconds of the first call of one contender. */
  first(network: string, contender: ContenderName): Promise<number | undefined>;
  /** All contenders of a network, predicting. */
  predict(network: string, limits: ModelLimits): Promise<Outcome>;
  /** Stock and install(), making training steps. The second loss is compared: it has seen the gradients. */
  train(network: string, limits: ModelLimits): Promise<Outcome>;
  /** Where the time of a call goes, as tf.profile tells. */
  profile(network: string, contender: ContenderName): Promise<KernelTimes>;
}

export function contestWith(files: ModelFiles): Contest {
  const runsOn = (): 'cpu' | 'gpu' => descriptorNamed(tf.getBackend()).runsOn;
  return {
    async use(backend) {
      tf.env().set('PROD', false);
      const isThere = await tf.setBackend(backend).catch(() => false);
      return isThere ? descriptorNamed(backend).device(tf.backend()) : undefined;
    },

    async first(name, contender) {
      const outcome = await timed([contender], (who) => predictor(who, networkNamed(name), files), 1, {
        rounds: 0,
        budget: 0,
      });
      const result = outcome[contender]!;
      return 'unable' in result ? undefined : result.firstMs;
    },

    predict(name, limits) {
      const network = networkNamed(name);
      const { only } = limits;
      const names = contendersOf(network, runsOn()).filter((who) => only?.includes(who) ?? true);
      return timed(names, (who) => predictor(who, network, files), 1, limits);
    },

    train(name, limits) {
      return timed(['stock', 'install()'], (who) => trainer(who, networkNamed(name), files), 2, limits);
    },

    async profile(name, contender) {
      const player = await predictor(contender, networkNamed(name), files);
      const times = new Map<string, number>();
      try {
        player.prepare();
        await player.run();
        for (let run = 0; run < PROFILED; run++) {
          const { kernels } = await tf.profile(() => void player.run());
          for (const kernel of kernels) {
            // An op with a gradient of its own is listed as well as its kernels.
            if (kernel.name.endsWith('__op')) continue;
            const ms = (await kernel.kernelTimeMs) as unknown;
            const told = typeof ms === 'number' ? ms : NaN;
            times.set(kernel.name, (times.get(kernel.name) ?? 0) + told / PROFILED);
          }
        }
      } finally {
        uninstall();
        player.dispose();
      }
      return [...times].sort(([, a], [, b]) => b - a);
    },
  };
}

/** Times contenders in turn. The result of warm-up run number `compared`, from 1, is compared. */
async function timed(
  names: readonly ContenderName[],
  load: (name: ContenderName) => Promise<Player>,
  compared: number,
  { rounds, budget }: ModelLimits,
): Promise<Outcome> {
  const outcome: Outcome = {};
  const players: Player[] = [];
  const firsts = new Map<Player, { firstMs: number; difference: number }>();
  const begin = performance.now();
  let reference: Float32Array | undefined;
  try {
    for (const name of names) {
      const player = await load(name);
      players.push(player);
      try {
        const { ms: firstMs, result: first } = await timeOf(player);
        let result = first;
        for (let run = 1; run < compared; run++) ({ result } = await timeOf(player));
        const values = player.toNHWC?.(result) ?? result.slice();
        reference ??= values;
        firsts.set(player, { firstMs, difference: difference(values, reference) });
      } catch (error) {
        outcome[name] = { unable: (error as Error).message };
      }
    }
    const able = players.filter((player) => firsts.has(player));
    const passed = (): number => performance.now() - begin;
    const from = passed();
    const goesOn = (round: number): boolean => {
      if (round < Math.min(LEAST_ROUNDS, rounds)) return true;
      return passed() < budget && (round < rounds || passed() - from < MORE_ROUNDS.ms);
    };
    const sample = async (player: Player, round: number): Promise<number | undefined> => {
      const { firstMs } = firsts.get(player)!;
      const isTooSlow = firstMs > Math.max(budget, TOO_SLOW_MS);
      if (isTooSlow || (firstMs > SLOW * budget && round > 0)) return undefined;
      return (await timeOf(player)).ms;
    };
    for (const [player, samples] of await inTurn(able, rounds * MORE_ROUNDS.times, sample, goesOn)) {
      const { firstMs, difference } = firsts.get(player)!;
      outcome[player.name] = {
        firstMs,
        ms: samples.length > 0 ? median(samples) : firstMs,
        runs: samples.length,
        difference,
      };
    }
  } finally {
    uninstall();
    for (const player of players) await player.dispose();
  }
  return outcome;
}

async function timeOf(player: Player): Promise<{ ms: number; result: Float32Array }> {
  player.prepare();
  const begin = performance.now();
  const result = await player.run();
  return { ms: performance.now() - begin, result };
}

/** The largest difference, relative to the largest value; NaN if there is one. */
function difference(values: Float32Array, reference: Float32Array): number {
  let [most, scale] = [0, 0];
  for (let at = 0; at < reference.length; at++) {
    most = Math.max(most, Math.abs(values[at] - reference[at]));
    scale = Math.max(scale, Math.abs(reference[at]));
  }
  return most / scale;
}
