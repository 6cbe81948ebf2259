// SPDX-License-Identifier: Apache-2.0
/**
 * Networks run by their contenders, on the backend that is set, in Node and in a page alike: call by call in turn
 * (../race), each result read in full, and compared.
 */
import * as tf from '@tensorflow/tfjs';
import { uninstall } from '../../src';
import { descriptorNamed } from '../backends';
import type { Limits } from '../interleave';
import { type Outcome, race, timedOf } from '../race';
import { type ContenderName, type ModelFiles, contendersOf, predictor } from './contenders';
import { type KernelTimes, kernelTimes } from './kernel_times';
import { networkNamed } from './networks';
import { TRAININGS, trainer } from './trainings';

/** Runs that a profile is the mean of. */
const PROFILED = 3;

/** What can be asked for, on a backend that `use` has set. */
export interface Contest {
  /** Sets a backend, flags as tfjs sets them by default; what it runs on, or `undefined` if it cannot be had. */
  use(backend: string): Promise<string | undefined>;
  /** Milliseconds of the first call of one contender. */
  first(network: string, contender: ContenderName): Promise<number | undefined>;
  /** Contenders of a network, predicting; by default all who can. */
  predict(network: string, limits: Limits, only?: readonly ContenderName[]): Promise<Outcome<ContenderName>>;
  /** Stock and install(), making training steps. The second loss is compared: it has seen the gradients. */
  train(network: string, limits: Limits): Promise<Outcome<ContenderName>>;
  /** Where the time of a call goes. */
  profile(network: string, contender: ContenderName): Promise<KernelTimes>;
}

export function contestWith(files: ModelFiles): Contest {
  const timed = (name: string, who: readonly ContenderName[], limits: Limits): Promise<Outcome<ContenderName>> => {
    const loads = who.map((one) => () => predictor(one, networkNamed(name), files));
    return race(loads, limits).finally(uninstall);
  };
  return {
    async use(backend) {
      tf.env().set('PROD', false);
      const isThere = await tf.setBackend(backend).catch(() => false);
      return isThere ? descriptorNamed(backend).device(tf.backend()) : undefined;
    },

    async first(name, contender) {
      const outcome = await timed(name, [contender], { repeat: 0, budget: 0 });
      return timedOf(outcome, contender)?.firstMs;
    },

    predict(name, limits, only) {
      const able = contendersOf(networkNamed(name), descriptorNamed(tf.getBackend()));
      return timed(name, only ? able.filter((who) => only.includes(who)) : able, limits);
    },

    async train(name, limits) {
      const loads = (['stock', 'install()'] as const).map((who) => () => trainer(who, TRAININGS[name], files));
      return race<ContenderName>(loads, limits, 2).finally(uninstall);
    },

    async profile(name, contender) {
      const player = await predictor(contender, networkNamed(name), files);
      try {
        player.prepare?.();
        await player.run();
        const times = await kernelTimes(async () => {
          for (let run = 0; run < PROFILED; run++) await player.run();
        });
        return times.map(([kernel, ms]) => [kernel, ms / PROFILED] as const);
      } finally {
        uninstall();
        await player.dispose();
      }
    },
  };
}
