// SPDX-License-Identifier: Apache-2.0
/** Whole networks that end in transposed convolutions, as people run them; where one is reduced, it is said. */
import * as tf from '@tensorflow/tfjs';
import { type Activation, type Values, type Writing, Written } from './written';

export interface Network {
  readonly name: string;
  /** What it is, short. */
  readonly title: string;
  /** From where, and how it is reduced, if it is. */
  readonly from: string;
  /** Shapes of the inputs, without the batch. */
  inputs(write: Written): number[][];
  build(write: Written, inputs: Values[]): Values;
  /** What stock cannot write, if there is such a thing: there is a writing with our layers then. */
  readonly stockLacks?: string;
}

const image = (size: number, channels: number): number[] => [size, size, channels];

/** Convolution, BatchNormalization, activation. */
function convNorm(w: Written, x: Values, filters: number, kernel: number, strides = 1, relu = true): Values {
  const y = w.norm(w.conv(x, filters, kernel, { strides, bias: false }));
  return relu ? w.activation(y, 'relu') : y;
}

/** The same transposed. */
function upNorm(w: Written, x: Values, filters: number, kernel: number, activation: Activation = 'relu'): Values {
  return w.activation(w.norm(w.up(x, filters, kernel, { strides: 2, bias: false })), activation);
}

const dcgan: Network = {
  name: 'dcgan',
  title: 'DCGAN generator 64²',
  from: "Radford et al., with PyTorch's 4×4 kernels",
  inputs: () => [[100]],
  build(w, [z]) {
    let x = w.reshape(w.dense(z, 4 * 4 * 1024, { bias: false }), [4, 4, 1024]);
    x = w.activation(w.norm(x), 'relu');
    for (const filters of [512, 256, 128]) x = upNorm(w, x, filters, 4);
    return w.up(x, 3, 4, { strides: 2, activation: 'tanh', gain: 0.5 });
  },
};

const style: Network = {
  name: 'style',
  title: 'fast style transfer 128²',
  from: 'Johnson et al.; two of five residual blocks',
  inputs: () => [image(128, 3)],
  build(w, [photo]) {
    let x = convNorm(w, photo, 32, 9);
    x = convNorm(w, x, 64, 3, 2);
    x = convNorm(w, x, 128, 3, 2);
    for (let block = 0; block < 2; block++) {
      x = w.add(x, convNorm(w, convNorm(w, x, 128, 3), 128, 3, 1, false));
    }
    x = upNorm(w, x, 64, 3);
    x = upNorm(w, x, 32, 3);
    return w.conv(x, 3, 9, { activation: 'tanh', gain: 0.5 });
  },
};

const unet: Network = {
  name: 'unet',
  title: 'U-Net 128²',
  from: 'Ronneberger et al.; 32 channels at first, not 64, and three levels down, not four',
  inputs: () => [image(128, 3)],
  build(w, [photo]) {
    const twice = (x: Values, filters: number): Values => {
      const once = w.conv(x, filters, 3, { activation: 'relu' });
      return w.conv(once, filters, 3, { activation: 'relu' });
    };
    const skips: Values[] = [];
    let x = photo;
    for (const filters of [32, 64, 128]) {
      skips.push(twice(x, filters));
      x = w.maxPool(skips.at(-1)!);
    }
    x = twice(x, 256);
    for (const filters of [128, 64, 32]) {
      x = twice(w.concat(skips.pop()!, w.up(x, filters, 2, { strides: 2, gain: 1 })), filters);
    }
    return w.conv(x, 2, 1, { gain: 1 });
  },
};

const pix2pix: Network = {
  name: 'pix2pix',
  title: 'pix2pix generator 256²',
  from: 'Isola et al.; 32 channels at first, not 64',
  inputs: () => [image(256, 3)],
  build(w, [photo]) {
    const base = 32;
    const widths = [1, 2, 4, 8, 8, 8, 8, 8].map((times) => times * base);
    const skips: Values[] = [];
    let x = photo;
    for (const [level, filters] of widths.entries()) {
      x = w.conv(x, filters, 4, { strides: 2, bias: level === 0 });
      if (level > 0) x = w.norm(x);
      x = w.leakyReLU(x);
      skips.push(x);
    }
    skips.pop();
    for (const filters of widths.slice(0, -1).reverse()) x = w.concat(upNorm(w, x, filters, 4), skips.pop()!);
    return w.up(x, 3, 4, { strides: 2, activation: 'tanh', gain: 0.5 });
  },
};

const vae: Network = {
  name: 'vae',
  title: 'VAE decoder 28²',
  from: "Keras's example",
  inputs: () => [[2]],
  build(w, [z]) {
    let x = w.reshape(w.dense(z, 7 * 7 * 64, { activation: 'relu' }), [7, 7, 64]);
    x = w.up(x, 64, 3, { strides: 2, activation: 'relu' });
    x = w.up(x, 32, 3, { strides: 2, activation: 'relu' });
    return w.up(x, 1, 3, { strides: 1, activation: 'sigmoid', gain: 1 });
  },
};

const fsrcnn: Network = {
  name: 'fsrcnn',
  title: 'FSRCNN ×3, 64² to 192²',
  from: 'Dong et al., d = 56, s = 12, m = 4',
  inputs: () => [image(64, 1)],
  build(w, [small]) {
    const layer = (x: Values, filters: number, kernel: number): Values => w.prelu(w.conv(x, filters, kernel));
    let x = layer(layer(small, 56, 5), 12, 1);
    for (let n = 0; n < 4; n++) x = layer(x, 12, 3);
    return w.up(layer(x, 56, 1), 1, 9, { strides: 3, gain: 1 });
  },
};

const heatmaps: Network = {
  name: 'heatmaps',
  title: 'heat-map decoder 8² to 64²',
  from: '17 maps, as on a MobileNet: depthwise 3×3 s2, then 1×1',
  stockLacks: 'groups',
  inputs: () => [image(8, 320)],
  build(w, [features]) {
    let x = w.activation(w.norm(w.conv(features, 128, 1, { bias: false })), 'relu6');
    for (let n = 0; n < 3; n++) {
      const up = w.up(x, 128, 3, { strides: 2, groups: 128, bias: false });
      x = w.activation(w.norm(up), 'relu6');
      x = w.activation(w.norm(w.conv(x, 128, 1, { bias: false })), 'relu6');
    }
    return w.conv(x, 17, 1, { gain: 1 });
  },
};

const fcn8s: Network = {
  name: 'fcn8s',
  title: 'FCN-8s head 224²',
  from: 'Long et al.; 21 classes, bilinear depthwise 4×4 s2 twice, 16×16 s8',
  stockLacks: 'groups',
  inputs: () => [image(28, 256), image(14, 512), image(7, 4096)],
  build(w, [pool3, pool4, conv7]) {
    const classes = 21;
    const bilinear = { groups: classes, bilinear: true, bias: false };
    const score = (x: Values): Values => w.conv(x, classes, 1, { gain: 1 });
    const second = w.add(w.up(score(conv7), classes, 4, { strides: 2, ...bilinear }), score(pool4));
    const third = w.add(w.up(second, classes, 4, { strides: 2, ...bilinear }), score(pool3));
    return w.up(third, classes, 16, { strides: 8, ...bilinear });
  },
};

const vocoder: Network = {
  name: 'vocoder',
  title: 'vocoder, 16384 samples',
  from: 'as HiFi-GAN of Kong et al.; 64 frames, 256 channels, one kernel of residual layers',
  stockLacks: 'one dimension',
  inputs: (w) => [w.sequence(64, 80)],
  build(w, [mel]) {
    let x = w.conv1d(mel, 256, 7);
    for (const [strides, kernel, filters] of [
      [8, 16, 128],
      [8, 16, 64],
      [2, 4, 32],
      [2, 4, 16],
    ]) {
      x = w.up1d(w.leakyReLU(x, 0.1), filters, kernel, { strides });
      for (const dilation of [1, 3, 5]) {
        const inner = w.conv1d(w.leakyReLU(x, 0.1), filters, 3, { dilation });
        x = w.add(x, w.conv1d(w.leakyReLU(inner, 0.1), filters, 3, { gain: 0.2 }));
      }
    }
    return w.conv1d(w.leakyReLU(x, 0.1), 1, 7, { activation: 'tanh', gain: 0.05 });
  },
};

export const NETWORKS: readonly Network[] = [dcgan, style, unet, pix2pix, vae, fsrcnn, heatmaps, fcn8s, vocoder];

export function networkNamed(name: string): Network {
  const found = NETWORKS.find((network) => network.name === name);
  if (!found)
    throw new RangeError(`There is no network '${name}'; there are ${NETWORKS.map((n) => n.name).join(', ')}`);
  return found;
}

/** How a network is written: once, or twice if stock lacks something. */
export function writingsOf({ stockLacks }: Network): Writing[] {
  return stockLacks === undefined ? ['stock'] : ['stock', 'layers'];
}

/** A network as a model, its weights as its layers initialize them, and what they are to be made of. */
export function build(
  network: Pick<Network, 'inputs' | 'build' | 'name'>,
  writing: Writing,
): { model: tf.LayersModel; recipes: Written['recipes'] } {
  const write = new Written(writing);
  const inputs = network.inputs(write).map((shape, n) => tf.input({ shape, name: `input_${n + 1}` }));
  const outputs = network.build(write, inputs);
  return { model: tf.model({ inputs, outputs, name: network.name }), recipes: write.recipes };
}
