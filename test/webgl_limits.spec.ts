// SPDX-License-Identifier: Apache-2.0
/**
 * Devices that have less than they say, played by a context whose calls are wrapped: results are right with fewer
 * render targets, or composed of core ops; and `device` says how many there are, and why.
 */
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import * as tf from '@tensorflow/tfjs-core';
import { webgl } from '../kernels';
import { explain, install, uninstall } from '../src';
import { CASES } from './support/cases';
import { mismatch } from './support/compare';
import { EXACT_VARIANTS, type Environment, describeOnEveryBackend, isVariation, rowsOn } from './support/environments';
import { runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { filterShape, layer, randomOperands, xShape } from './support/layer';
import * as oracle from './support/oracle';
import {
  type Context,
  type Wrap,
  failing,
  fewLayers,
  incompleteBeyond,
  isCalled,
  saysDrawBuffers,
  silentBeyond,
  stub,
} from './support/webgl_stubs';

/** Bits of colour that a pixel may have, in targets of the environment's floats. */
const targetsOfBits = (bits: number, { precision = 32 }: Environment): number => bits / (4 * precision);

const upTo = (targets: number): Limit => ({ wrap: incompleteBeyond(targets), targets });

interface Limit {
  readonly wrap: Wrap;
  readonly targets: number;
  readonly registers?: number;
  /** The programs are those of another limit with as many targets, under which all variants and layers are tried. */
  readonly asAnother?: true;
}

const LIMITS: Record<string, (environment: Environment) => Limit> = {
  '4 draw buffers': () => ({ wrap: saysDrawBuffers(4), targets: 4 }),
  '4 attachments': () => ({ wrap: incompleteBeyond(4), targets: 4, asAnother: true }),
  '512 bits a pixel': (on) => ({ ...upTo(targetsOfBits(512, on)), asAnother: true }),
  '256 bits a pixel': (on) => ({ ...upTo(targetsOfBits(256, on)), asAnother: true }),
  '2 targets, the others silent': () => ({ wrap: silentBeyond(2), targets: 2 }),
  '4 layers': () => ({ wrap: fewLayers(4), targets: 4, asAnother: true }),
  '1 target': () => upTo(1),
  'a GPU with few registers': () => ({ wrap: isCalled('Mali-G57'), targets: 8, registers: 64 }),
  'none at all': () => upTo(0),
};

const LAYERS = [
  'odd channels',
  'channels a multiple of 8',
  'stride 2',
  'groups 2',
  'depthwise',
  'dilation 2, stride 2: empty phases',
];
/** Of core ops, whose programs are compiled for each layer: fallback.spec.ts composes all layers, on cpu. */
const COMPOSED = ['stride 2', 'groups 2'];

describeOnEveryBackend(
  'webgl with less than it says',
  (environment) => {
    const backend = (): MathBackendWebGL => tf.backend() as MathBackendWebGL;
    const gl = (): Context => backend().gpgpu.gl as Context;
    /** A wrapped call is a property of the context itself; without it, that of its class is found again. */
    const unwrap = (): void => {
      for (const name of [
        'getParameter',
        'checkFramebufferStatus',
        'drawArrays',
        'texStorage3D',
        'getError',
        'drawBuffers',
      ])
        delete (gl() as unknown as Record<string, unknown>)[name];
      webgl.release!(backend());
    };

    /** Runs a body on a context that is wrapped, and new to the kernels. */
    function within(wrap: Wrap, body: () => void): void {
      const own = gl();
      webgl.release!(backend());
      stub(own, [wrap]);
      try {
        body();
      } finally {
        unwrap();
      }
    }

    it('predicts times on a GPU by counts of instructions, of what these tell anything of', () => {
      const request = { xShape: [1, 8, 8, 16], filterShape: [3, 3, 16, 16], strides: 2, pad: 'same' } as const;
      within(isCalled('ANGLE (AMD, AMD Radeon RX 6800)'), () => {
        const { reason, variants } = explain(request);
        expect(reason).toMatch(/^predicted to be fastest .* ms on a small GPU, by the instructions of its programs$/);
        expect(EXACT_VARIANTS.filter((name) => variants[name].predictedMs! > 0)).toEqual([
          'dilate',
          'matmul',
          'subpixel',
        ]);
      });
      expect(explain(request).reason).toMatch(/ ms on the machine of the calibration$/);
    });

    it('leaves to stock on a GPU what would take as long to call, and no layer that takes its time', () => {
      const runs = (size: number, channels: number, strides: number): string => {
        const filterShape = [3, 3, channels, channels] as const;
        const g = explain({ xShape: [1, size, size, channels], filterShape: [...filterShape], strides, pad: 'same' });
        return g.installed.forward!.runs;
      };
      install({ backends: ['webgl'] });
      try {
        within(isCalled('ANGLE (AMD, AMD Radeon RX 6800)'), () => {
          expect([runs(32, 64, 1), runs(28, 128, 1), runs(64, 64, 2), runs(4, 4, 2)]).toEqual([
            ...['subpixel', 'subpixel', 'subpixel'],
            'stock',
          ]);
        });
      } finally {
        uninstall();
      }
    });

    for (const [limit, of] of Object.entries(LIMITS)) {
      it(`${limit}: forward and both gradients are right`, () => {
        const { wrap, targets, registers, asAnother } = of(environment);
        within(wrap, () => {
          const ofOurs = asAnother ? ['stride 2'] : registers ? [...LAYERS, 'asymmetric stride and kernel'] : LAYERS;
          const layers = targets === 0 ? COMPOSED : ofOurs;
          const variants = targets === 0 ? (['auto'] as const) : asAnother ? (['subpixel'] as const) : EXACT_VARIANTS;
          for (const name of rowsOn(environment, layers, isVariation)) {
            const l = CASES[name];
            const { x, filter, dy } = randomOperands(l, `limits ${name}`);
            const truth = oracle.forward(l, x, filter);
            for (const variant of variants)
              expect(mismatch(runForward(l, x, filter, variant), truth))
                .withContext(`${name} ${variant}`)
                .toBe('');
            expect(mismatch(runBackpropInput(l, dy, filter), oracle.backpropInput(l, dy, filter))).toBe('');
            expect(mismatch(runBackpropFilter(l, x, dy), oracle.backpropFilter(l, x, dy))).toBe('');
          }
          if (registers) expect(webgl.device(backend())).toContain(`, programs for ${registers} registers`);
          if (targets < 8) expect(webgl.device(backend())).toContain(`, ${targets} render targets (`);
        });
      });
    }

    it('says why where nothing can be drawn to', () => {
      within(incompleteBeyond(0), () => {
        const { variant, reason } = explain({
          xShape: [1, 4, 4, 2],
          filterShape: [3, 3, 3, 2],
          strides: 2,
          pad: 'same',
        });
        expect(variant).toBeUndefined();
        expect(reason).toMatch(/can draw to no float texture here.*framebuffer is incomplete.*composed of core ops/);
      });
    });

    it('never draws to a texture that could not be made: an error says so, and nothing is left behind', () => {
      const l = layer({ inChannels: 8, outChannels: 8 });
      const { x, filter } = randomOperands(l, 'no memory');
      const noMemory: Wrap = (own) => {
        const { texStorage3D } = own;
        const fail = failing(own, own.OUT_OF_MEMORY);
        own.texStorage3D = (...args) => (args[3] * args[4] > 4 ? fail() : texStorage3D.apply(own, args));
      };
      const operands = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
      const tensors = tf.memory().numTensors;
      within(noMemory, () => {
        expect(() => runForward(l, x, filter, 'subpixel')).toThrowError(/cannot draw to 8 targets.*out of memory/);
      });
      tf.dispose(operands);
      expect(tf.memory().numTensors).toBeLessThanOrEqual(tensors);
      expect(mismatch(runForward(l, x, filter, 'subpixel'), oracle.forward(l, x, filter))).toBe('');
    });
  },
  ({ backend, withoutKernels }) => backend === 'webgl' && withoutKernels === undefined,
);
