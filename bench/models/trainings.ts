// SPDX-License-Identifier: Apache-2.0
/** Training steps of networks, as people make them, with Adam; what a step returns is its loss. */
import * as tf from '@tensorflow/tfjs';
import { dcganStep } from '../dcgan';
import type { Player } from '../race';
import { type ContenderName, type ModelFiles, loaded } from './contenders';
import { networkNamed } from './networks';
import { seededInputs, seededValues } from './seeded';
import { preparation } from './stock_or_ours';

/** A training, its variables made. */
interface Steps {
  run(): number | Promise<number>;
  dispose(): unknown;
}

export interface Training {
  readonly title: string;
  load(files: ModelFiles): Promise<Steps>;
}

/** A network from its files that learns to make given values, mean squared error. */
function ofModel(name: string, batch: number): Training {
  const network = networkNamed(name);
  return {
    title: `${network.title}, batch ${batch}, mean squared error`,
    async load(files) {
      const model = await loaded(files, network, 'stock');
      model.compile({ optimizer: tf.train.adam(1e-3), loss: 'meanSquaredError' });
      const [{ values, shape }] = seededInputs(network, batch);
      const target = seededValues(`${name} target`, [batch, ...(model.outputs[0].shape.slice(1) as number[])], 1);
      return {
        async run() {
          const [x, y] = [tf.tensor(values, shape), tf.tensor(target.values, target.shape)];
          try {
            return (await model.trainOnBatch(x, y)) as number;
          } finally {
            tf.dispose([x, y]);
          }
        },
        dispose: () => model.dispose(),
      };
    },
  };
}

/** Images of a step of the DCGAN: few, for a step of 16 takes stock `cpu` 12 s. */
const DCGAN_BATCH = 4;

/** By the name of the network. */
export const TRAININGS: Readonly<Record<string, Training>> = {
  dcgan: {
    title: `DCGAN 28², discriminator and generator, batch ${DCGAN_BATCH}`,
    load: () => Promise.resolve(dcganStep(DCGAN_BATCH)),
  },
  vae: ofModel('vae', 4),
};

/** A contender that makes training steps. */
export async function trainer(
  name: ContenderName,
  training: Training,
  files: ModelFiles,
): Promise<Player<ContenderName>> {
  const steps = await training.load(files);
  return {
    name,
    prepare: preparation(name),
    run: async () => Float32Array.of(await steps.run()),
    dispose: () => steps.dispose(),
  };
}
