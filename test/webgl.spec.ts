// SPDX-License-Identifier: Apache-2.0
/** What only WebGL can get wrong: textures, GL state, memory on the GPU, compiled programs. */
import * as tf from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { descriptor, programCount } from '../kernels/webgl';
import { type Variant, conv2dTranspose, fused } from '../src';
import { mismatch } from './support/compare';
import { EXACT_VARIANTS, type Environment, describeOnEveryBackend } from './support/environments';
import { forwardAndGradients, opArguments, runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { type Layer, filterShape, layer, randomOperands, xShape, yShape } from './support/layer';
import * as oracle from './support/oracle';

const backend = (): MathBackendWebGL => tf.backend() as MathBackendWebGL;
const bytesInGPU = (): number => backend().memory().numBytesInGPU;

const DEPTHWISE = { inChannels: 3, outChannels: 3, groups: 3, strides: [1, 1] as [number, number] };

describeOnEveryBackend('webgl', specs, (environment) => environment.backend === 'webgl');

function specs({ name, withoutKernels }: Environment): void {
  const l = layer({ inChannels: 6, outChannels: 5, pads: [1, 0, 0, 1], batch: 2 });
  const { x, filter } = randomOperands(l, 'webgl');
  const truth = oracle.forward(l, x, filter);

  if (withoutKernels !== undefined) {
    it('says why no variant of ours can be asked for', () => {
      expect(() => runForward(l, x, filter, 'subpixel')).toThrowError(
        /'subpixel' cannot run on backend 'webgl': it needs WebGL 2.*'auto' would do/,
      );
    });
    return;
  }

  /** What is in use of the GPU, and the GL state. */
  const used = (): unknown => {
    const gl = backend().gpgpu.gl as WebGL2RenderingContext;
    const { FRAMEBUFFER_BINDING, VERTEX_ARRAY_BINDING, BLEND, SCISSOR_TEST, ACTIVE_TEXTURE, DEPTH_TEST } = gl;
    const parameters = [FRAMEBUFFER_BINDING, VERTEX_ARRAY_BINDING, BLEND, SCISSOR_TEST, ACTIVE_TEXTURE, DEPTH_TEST];
    return {
      bytes: bytesInGPU(),
      textures: backend().getTextureManager().getNumUsedTextures(),
      state: parameters.map((parameter) => gl.getParameter(parameter) as unknown),
    };
  };

  for (const variant of EXACT_VARIANTS) {
    it(`${variant}: takes tensors from the CPU, from the GPU, slices and reshaped ones`, () => {
      tf.tidy(() => {
        const [$x, $filter] = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
        const check = (a: tf.Tensor, b: tf.Tensor): void => {
          const y = conv2dTranspose(a as tf.Tensor4D, b as tf.Tensor4D, ...opArguments(l, variant));
          expect(mismatch(y.dataSync(), truth)).toBe('');
        };
        check($x, $filter);
        check(tf.mul($x, 1), tf.mul($filter, 1)); // On the GPU, packed if the backend packs.
        const wider = tf.concat([tf.zeros([1, ...xShape(l).slice(1)]), $x], 0);
        check(tf.slice(wider, [1, 0, 0, 0], xShape(l)), $filter); // Shares a texture with `wider`, at an offset.
        check(
          tf.reshape(tf.mul(tf.reshape($x, [-1]), 1), xShape(l)),
          tf.reshape(tf.mul(tf.reshape($filter, [-1, 6]), 1), filterShape(l)),
        );
      });
    });

    it(`${variant}: what tfjs computes of an odd result next is right`, () => {
      const odd = layer({ inSize: [3, 3], inChannels: 4, outChannels: 3, kernel: [3, 3], pads: [1, 1, 1, 1] });
      const o = randomOperands(odd, 'odd');
      const y = oracle.forward(odd, o.x, o.filter).values;
      const dFilter = oracle.backpropFilter(odd, o.x, o.dy).values;
      tf.tidy(() => {
        // On the GPU and packed, where lanes beyond an odd size are multiplied, too.
        const $x = tf.mul(tf.tensor4d(o.x, xShape(odd)), 1);
        const $filter = tf.mul(tf.tensor4d(o.filter, filterShape(odd)), 1);
        const op = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
          conv2dTranspose(a as tf.Tensor4D, b as tf.Tensor4D, ...opArguments(odd, variant));
        const gradients = tf.grads(op)([$x, $filter], tf.tensor4d(o.dy, yShape(odd)));
        for (const [result, values] of [
          [op($x, $filter), y],
          [gradients[1], dFilter],
        ] as const) {
          const [rows, depth] = result.shape.slice(2);
          const products = [...tf.matMul(result, result, true, false).dataSync()];
          const expected = products.map((_, at) => {
            const [block, a, b] = [Math.floor(at / depth / depth), Math.floor(at / depth) % depth, at % depth];
            let sum = 0;
            for (let n = block * rows; n < (block + 1) * rows; n++)
              sum += values[n * depth + a] * values[n * depth + b];
            return sum;
          });
          const scale = Math.max(...expected.map(Math.abs));
          const worst = Math.max(...products.map((product, at) => Math.abs(product - expected[at]))) / scale;
          expect(worst).toBeLessThan(name.includes('half') ? 2e-2 : 1e-5);
        }
      });
    });

    it(`${variant}: leaves the memory of the GPU as it was, and the GL state as found`, () => {
      const { inputs, runs } = forwardAndGradients(l, { x, filter }, variant);
      runs();
      const before = used();
      const gl = backend().gpgpu.gl as WebGL2RenderingContext;
      const made = spyOn(gl, 'createTexture').and.callThrough();
      const deleted = spyOn(gl, 'deleteTexture').and.callThrough();
      for (let n = 0; n < 5; n++) runs();
      expect(deleted.calls.count()).toBe(made.calls.count());
      expect(used()).toEqual(before);
      expect(gl.getError()).toBe(gl.NO_ERROR);
      tf.dispose(inputs);
    });

    it(`${variant}: gives everything back when a draw fails`, () => {
      const { inputs, runs } = forwardAndGradients(l, { x, filter }, variant);
      runs();
      const before = used();
      const gl = backend().gpgpu.gl as WebGL2RenderingContext;
      const made = spyOn(gl, 'createTexture').and.callThrough();
      const deleted = spyOn(gl, 'deleteTexture').and.callThrough();
      const drawArrays = gl.drawArrays.bind(gl);
      let draws = 0;
      const fails = spyOn(gl, 'drawArrays').and.callFake((...all) => {
        draws++;
        drawArrays(...all);
      });
      runs();
      const all = draws;
      for (let last = 1; last <= all; last++) {
        draws = 0;
        fails.and.callFake(() => {
          if (++draws === last) throw new Error('no such luck');
        });
        expect(() => tf.tidy(runs)).toThrowError(/no such luck/);
        expect(used()).withContext(`failing in draw ${last} of ${all}`).toEqual(before);
      }
      fails.and.callThrough();
      runs();
      expect(deleted.calls.count()).toBe(made.calls.count());
      expect(used()).toEqual(before);
      tf.dispose(inputs);
    });
  }

  for (const [images, many] of Object.entries({
    'large images': layer({ ...DEPTHWISE, batch: 2, inSize: [65, 127], strides: [1, 2], pads: [1, 0, 2, 1] }),
    'a long row': layer({ ...DEPTHWISE, inSize: [1, 16_999], kernel: [1, 3], dilations: [1, 2], pads: [0, 0, 1, 0] }),
  })) {
    it(`splits the filter gradient of a depthwise layer with ${images} among fragments`, () => {
      descriptor.release!(backend()); // So that programs are compiled anew.
      const compiled = spyOn(backend().gpgpu.gl, 'shaderSource').and.callThrough();
      // Of −1, 0 and 1, sums are exact: the bound of so many products would hide what is left out.
      const operands = randomOperands(many, images);
      const [wholeX, wholeDy] = [operands.x, operands.dy].map((values) => values.map(Math.round));
      const dFilter = runBackpropFilter(many, wholeX, wholeDy);
      expect(compiled.calls.allArgs().some(([, source]) => source.includes('partsPerSplit'))).toBe(true);
      expect([...dFilter]).toEqual([...oracle.backpropFilter(many, wholeX, wholeDy).values]);
    });
  }

  /** A forward pass that is not read: for that tfjs would compile a program of its own for each size. */
  const draw = (of: Layer, variant: Variant): void =>
    tf.tidy(() => {
      const [$x, $filter] = [tf.zeros(xShape(of)), tf.zeros(filterShape(of))];
      conv2dTranspose($x as tf.Tensor4D, $filter as tf.Tensor4D, ...opArguments(of, variant));
    });

  it('keeps few render targets between calls, and nothing after its release', () => {
    descriptor.release!(backend());
    const ofOthers = descriptor.scratch!.retainedBytes; // Backends of other settings.
    const gl = backend().gpgpu.gl as WebGL2RenderingContext;
    const made = spyOn(gl, 'texStorage3D').and.callThrough(); // Layers: tfjs has none.
    const framebuffers = spyOn(gl, 'createFramebuffer').and.callThrough();
    const deleted = spyOn(gl, 'deleteFramebuffer').and.callThrough();
    for (let size = 3; size < 83; size += 2) {
      const other = layer({ inSize: [size, 4], inChannels: 4, outChannels: 4 });
      draw(other, 'subpixel');
    }
    expect(made.calls.count()).toBeGreaterThan(35);
    expect(framebuffers.calls.count() - deleted.calls.count()).toBeLessThan(40);
    expect(descriptor.scratch!.retainedBytes).toBeGreaterThan(ofOthers);
    expect(descriptor.scratch!.retainedBytes).toBeLessThanOrEqual(ofOthers + 16 * 2 ** 20);
    expect(programCount(backend())).toBeGreaterThan(0);
    descriptor.release!(backend());
    expect(deleted.calls.count()).toBe(framebuffers.calls.count());
    expect(descriptor.scratch!.retainedBytes).toBe(ofOthers);
    expect(programCount(backend())).toBe(0);
    expect(mismatch(runForward(l, x, filter, 'subpixel'), truth)).toBe('');
  });

  it('compiles nothing anew for another slope of leakyrelu', () => {
    const [$x, $filter] = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
    const [, strides, pad, options] = opArguments(l, 'subpixel');
    if (typeof options === 'string') throw new Error('options were expected');
    const activated = (leakyreluAlpha: number): Float32Array =>
      tf.tidy(() => {
        const given = { x: $x, filter: $filter, strides, pad, ...options };
        return fused.conv2dTranspose({ ...given, activation: 'leakyrelu', leakyreluAlpha }).dataSync<'float32'>();
      });
    const steep = activated(0.5);
    const compiled = programCount(backend());
    const flat = activated(0.25);
    expect(programCount(backend())).toBe(compiled);
    steep.forEach((value, n) =>
      expect(flat[n]).toBe(value < 0 && name !== 'webgl 2, half floats' ? value / 2 : flat[n]),
    );
    tf.dispose([$x, $filter]);
  });

  it('compiles nothing anew for another image size or batch, few programs for all', () => {
    const runAll = (height: number, width: number, batch: number, inChannels: number, outChannels: number): void => {
      const other = layer({ inSize: [height, width], batch, inChannels, outChannels });
      for (const variant of EXACT_VARIANTS) draw(other, variant);
      tf.tidy(() => {
        const op = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
          conv2dTranspose(a as tf.Tensor4D, b as tf.Tensor4D, ...opArguments(other));
        tf.grads(op)([tf.zeros(xShape(other)), tf.zeros(filterShape(other))], tf.zeros(yShape(other)));
      });
    };
    runAll(4, 5, 1, 8, 8);
    const compiled = programCount(backend());
    runAll(7, 3, 2, 8, 8);
    runAll(9, 11, 1, 8, 8);
    expect(programCount(backend())).toBe(compiled);
    runAll(9, 11, 1, 12, 20);
    runAll(4, 5, 3, 6, 5);
    expect(programCount(backend())).toBeLessThanOrEqual(24);
  });

  it('lays rows side by side where the largest texture is not high enough, cuts them where none is wide enough', () => {
    const size = tf.env().getNumber('WEBGL_MAX_TEXTURE_SIZE');
    tf.env().set('WEBGL_MAX_TEXTURE_SIZE', 128);
    try {
      // 2 images of 70 and 71 rows are more than 128: side by side.
      const tall = layer({ inSize: [70, 2], batch: 2, inChannels: 3, outChannels: 4, kernel: [2, 2], strides: [1, 1] });
      const many = randomOperands(tall, 'tall');
      const expected = oracle.forward(tall, many.x, many.filter);
      for (const variant of ['subpixel', 'matmul', 'scatter'] as const) {
        expect(mismatch(runForward(tall, many.x, many.filter, variant), expected)).toBe('');
      }
      expect(
        mismatch(runBackpropInput(tall, many.dy, many.filter), oracle.backpropInput(tall, many.dy, many.filter)),
      ).toBe('');
      expect(mismatch(runBackpropFilter(tall, many.x, many.dy), oracle.backpropFilter(tall, many.x, many.dy))).toBe('');
      const wide = layer({ inSize: [2, 140], inChannels: 3, outChannels: 4 });
      const operands = randomOperands(wide, 'wide');
      expect(
        mismatch(
          runForward(wide, operands.x, operands.filter, 'subpixel'),
          oracle.forward(wide, operands.x, operands.filter),
        ),
      ).toBe('');
      const deep = layer({ inSize: [1, 2], inChannels: 520, outChannels: 1, kernel: [1, 1] });
      const { x: deepX, filter: deepFilter } = randomOperands(deep, 'deep');
      expect(() => runForward(deep, deepX, deepFilter, 'subpixel')).toThrowError(
        /'subpixel' cannot run.*do not fit a texture of 128 × 128/,
      );
    } finally {
      tf.env().set('WEBGL_MAX_TEXTURE_SIZE', size);
    }
  });

  if (!name.includes('half')) {
    it('says why scatter cannot run where floats do not blend; auto still does', () => {
      const gl = backend().gpgpu.gl;
      const getExtension = gl.getExtension;
      gl.getExtension = ((extension: 'EXT_float_blend') =>
        extension === 'EXT_float_blend' ? null : getExtension.call(gl, extension)) as typeof getExtension;
      try {
        expect(() => runForward(l, x, filter, 'scatter')).toThrowError(
          /'scatter' cannot run on backend 'webgl': it adds up by blending.*EXT_float_blend.*'auto', '(subpixel|mat)/,
        );
        expect(mismatch(runForward(l, x, filter, 'auto'), truth)).toBe('');
      } finally {
        gl.getExtension = getExtension;
      }
    });
  }
}
