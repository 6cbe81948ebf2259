// SPDX-License-Identifier: Apache-2.0
/**
 * Devices with less than the one of the tests, from before tfjs sees them: forward and both gradients are right, or an
 * error says why a variant cannot run. None is silently wrong.
 */
import * as tf from '@tensorflow/tfjs-core';
import { GPGPUContext, MathBackendWebGL, setWebGLContext, webgl_util } from '@tensorflow/tfjs-backend-webgl';
import { webgl } from '../kernels';
import { computeGeometry } from '../src';
import { SUPPORTED, supportOf } from '../src/contract';
import { CASES } from './support/cases';
import { mismatch } from './support/compare';
import { EXACT_VARIANTS, type Environment, describeOn } from './support/environments';
import { runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { type Layer, layer, randomOperands, requestOf } from './support/layer';
import * as oracle from './support/oracle';
import { type Wrap, incompleteBeyond, stub, texturesUpTo, without } from './support/webgl_stubs';

interface Device {
  readonly wraps: readonly Wrap[];
  readonly precision?: 16;
  readonly layers: Readonly<Record<string, Layer>>;
  /** Why a variant may be refused; default: none is. */
  readonly refused?: RegExp;
  /** What the device is called by. */
  readonly device?: RegExp;
}

const some = (...names: string[]): Readonly<Record<string, Layer>> =>
  Object.fromEntries(names.map((name) => [name, CASES[name]]));
const LAYERS = some('stride 2', 'odd channels', 'groups 2', 'depthwise', 'dilation 2, stride 2: empty phases');

/** Layers with more than so many rows, columns, images, channels. */
const larger = (size: number): Readonly<Record<string, Layer>> => ({
  high: layer({ inSize: [size + 3, 1], kernel: [3, 1], inChannels: 2 }),
  wide: layer({ inSize: [1, size + 3], kernel: [1, 3], inChannels: 2 }),
  'many images': layer({ inSize: [1, 2], batch: size + 3, kernel: [2, 2], inChannels: 1, outChannels: 1 }),
  'many channels in': layer({ inSize: [1, 2], inChannels: size + 3, outChannels: 1, kernel: [2, 2] }),
  'many channels out': layer({ inSize: [1, 2], inChannels: 1, outChannels: size + 3, kernel: [2, 2] }),
});

/** Layers whose rows take more texels than a texture of 64 is wide; sub-pixel and the gradients cut them. */
const LONG_ROWS: Readonly<Record<string, Layer>> = {
  'long rows': layer({ inSize: [3, 30], inChannels: 12, outChannels: 5, kernel: [2, 3], pads: [0, 0, 1, 1] }),
  'a long row': layer({ inSize: [1, 61], inChannels: 9, outChannels: 7, strides: [1, 2], kernel: [1, 4] }),
  'long rows of groups, dilated': layer({
    inSize: [2, 40],
    inChannels: 8,
    outChannels: 16,
    groups: 2,
    strides: [1, 1],
    dilations: [1, 3],
    batch: 2,
  }),
};

const HALF = { wraps: [without('EXT_color_buffer_float')], precision: 16, layers: LAYERS } as const;
const DEVICES: Readonly<Record<string, Device>> = {
  'no EXT_float_blend': {
    wraps: [without('EXT_float_blend')],
    layers: LAYERS,
    refused: /^variant 'scatter' cannot run on backend 'webgl': it adds up by blending.*EXT_float_blend/,
  },
  'half floats alone': HALF,
  'half floats alone, 256 bits a pixel': {
    ...HALF,
    wraps: [...HALF.wraps, incompleteBeyond(4)],
    device: /, 4 render targets \(8 targets: .*incomplete/,
  },
  'textures up to 2048': {
    wraps: [texturesUpTo(2048)],
    layers: { high: larger(2048).high, wide: larger(2048).wide },
    refused: /^variant '\w+' cannot run on backend 'webgl': .*(, and|do not fit a texture of) 2048 × 2048/,
  },
  'textures up to 64': {
    wraps: [texturesUpTo(64)],
    layers: { ...LAYERS, ...larger(64), ...LONG_ROWS },
    refused: /^variant '\w+' cannot run on backend 'webgl': .*(, and|do not fit a texture of) 64 × 64/,
  },
};

/** A context of its own, which tfjs gets when it is wrapped. */
function environmentOf(name: string, { wraps, precision }: Device): Environment {
  let usual: WebGLRenderingContext;
  const anew = async (): Promise<void> => {
    await tf.setBackend('cpu');
    if (tf.findBackendFactory('webgl')) tf.removeBackend('webgl');
    tf.env().reset();
    tf.env().setFlags({ IS_TEST: true, WEBGL_VERSION: 2, WEBGL_CPU_FORWARD: false });
    webgl_util.resetMaxTextureSize();
  };
  return {
    name,
    backend: 'webgl',
    precision,
    setUp: async () => {
      await anew();
      usual = new GPGPUContext().gl;
      const canvas = new OffscreenCanvas(1, 1);
      stub(canvas.getContext('webgl2', { alpha: false, antialias: false, depth: false, stencil: false })!, wraps);
      tf.registerBackend('webgl', () => new MathBackendWebGL(canvas), 2);
    },
    tearDown: async () => {
      await anew();
      setWebGLContext(2, usual); // Of which tfjs keeps its programs.
      tf.env().reset();
      tf.env().set('IS_TEST', true);
    },
  };
}

for (const [name, device] of Object.entries(DEVICES)) {
  describeOn(environmentOf(name, device), 'webgl of other devices', () => {
    for (const [layerName, l] of Object.entries(device.layers)) {
      it(`${layerName}: forward and both gradients are right, or it is said why not`, () => {
        const { x, filter, dy } = randomOperands(l, `${name} ${layerName}`);
        const truth = oracle.forward(l, x, filter);
        for (const variant of ['auto', ...EXACT_VARIANTS] as const) {
          try {
            expect(mismatch(runForward(l, x, filter, variant), truth))
              .withContext(variant)
              .toBe('');
          } catch (error) {
            const { message } = error as Error;
            const mustRun = variant === 'auto' || (variant === 'subpixel' && l === LONG_ROWS[layerName]);
            expect(!mustRun && device.refused?.test(message))
              .withContext(`${variant}: ${message}`)
              .toBe(true);
          }
        }
        if (l === LONG_ROWS[layerName]) {
          // Kernels of ours, not what stands in for them.
          const { backpropInput, backpropFilter, probe } = webgl;
          const backend = tf.backend() as MathBackendWebGL;
          const geometry = computeGeometry(requestOf(l));
          for (const kernel of [backpropInput, backpropFilter])
            expect(supportOf({ probe }, kernel, geometry, backend)).toEqual(SUPPORTED);
        }
        expect(mismatch(runBackpropInput(l, dy, filter), oracle.backpropInput(l, dy, filter)))
          .withContext('input gradient')
          .toBe('');
        expect(mismatch(runBackpropFilter(l, x, dy), oracle.backpropFilter(l, x, dy)))
          .withContext('filter gradient')
          .toBe('');
      });
    }

    it('is the device that it plays', () => {
      expect(tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')).toBe(device.precision !== 16);
      const called = webgl.device(tf.backend() as MathBackendWebGL);
      if (device.device) expect(called).toMatch(device.device);
      else expect(called).not.toContain('render targets');
    });
  });
}
