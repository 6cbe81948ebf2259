// SPDX-License-Identifier: Apache-2.0
/**
 * The GL state is left as it was found, all of it: by every kernel, cold and warm, and where it throws. The state that
 * is found is none that tfjs leaves: as a page has it that draws in the same context. Nothing is left out.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { descriptor } from '../kernels/webgl';
import { computeGeometry } from '../src';
import {
  Conv2DTransposeBackpropFilter,
  Conv2DTransposeBackpropInput,
  type Conv2DTransposeAttrs,
  KERNEL_OF_VARIANT,
} from '../src/contract';
import { mismatch } from './support/compare';
import { EXACT_VARIANTS, describeOnEveryBackend } from './support/environments';
import { type Layer, explicitPad, filterShape, layer, randomOperands, xShape, yShape } from './support/layer';
import * as oracle from './support/oracle';

type Context = WebGL2RenderingContext;

const UNITS = 8;

type Make = (values: Float32Array, shape: number[]) => tf.Tensor;

/** On the GPU: as tfjs computes them, packed if it packs, in pairs of channels that kernels read; or neither. */
const OPERANDS: Readonly<Record<string, { l: Layer; make: Make }>> = {
  'packed, 8 channels': {
    l: layer({ inChannels: 8, outChannels: 8, pads: [1, 0, 0, 1] }),
    make: (values, shape) => tf.tidy(() => tf.mul(tf.tensor(values, shape), 1)),
  },
  'unpacked, odd channels': {
    l: layer({ inChannels: 5, outChannels: 3, batch: 2 }),
    make: (values, shape) => {
      const tensor = tf.tensor(values, shape);
      (tf.backend() as MathBackendWebGL).uploadToGPU(tensor.dataId);
      return tensor;
    },
  },
};

// One environment will do: others have other programs and formats, and the same calls.
describeOnEveryBackend('the state of webgl', specs, ({ name }) => name === 'webgl 2');

function specs(): void {
  const backend = (): MathBackendWebGL => tf.backend() as MathBackendWebGL;
  let gl: Context;
  let stateOf: () => Record<string, unknown>;
  let foreign: Foreign;
  let before: Record<string, unknown>;
  beforeAll(() => {
    descriptor.probe(backend()); // Once for a backend it runs programs of tfjs, which leave their own state.
    gl = backend().gpgpu.gl as Context;
    // As tfjs leaves it where it compiles; backends of other settings share the context, and have buffers of their own.
    gl.bindBuffer(gl.ARRAY_BUFFER, backend().gpgpu.vertexBuffer);
    stateOf = observed(gl);
    foreign = foreignState(gl);
    foreign.enter();
    before = stateOf();
    foreign.leave();
  });
  afterAll(() => foreign.dispose());

  /** Runs a call in a state of others, and compares that state before and after; returns what the call did. */
  function unchanged<T>(what: string, call: () => T): T {
    foreign.enter();
    try {
      try {
        return call();
      } finally {
        expect(gl.getError()).withContext(what).toBe(gl.NO_ERROR);
        const after = stateOf();
        const changed = Object.keys(before).filter((key) => after[key] !== before[key]);
        expect(changed.map((key) => `${key}: ${String(before[key])} → ${String(after[key])}`))
          .withContext(what)
          .toEqual([]);
      }
    } finally {
      foreign.leave();
    }
  }

  for (const [name, { l, make }] of Object.entries(OPERANDS)) {
    it(`${name}: every kernel leaves it as found, cold and warm`, () => {
      const { calls, dispose } = callsOf(l, make);
      descriptor.release!(backend()); // So the first calls prove, compile and make textures.
      for (const [kernel, { run, truth }] of Object.entries(calls)) {
        for (const how of ['cold', 'warm']) {
          const result = unchanged(`${kernel}, ${how}`, run);
          expect(mismatch(result.dataSync<'float32'>(), truth)).withContext(`${kernel}, ${how}`).toBe('');
          result.dispose();
        }
      }
      dispose();
    });
  }

  it('so does the proof of what the context can do, also where it fails', () => {
    for (const fails of [false, true]) {
      descriptor.release!(backend());
      if (fails) spyOn(gl, 'checkFramebufferStatus').and.returnValue(gl.FRAMEBUFFER_UNSUPPORTED);
      const device = unchanged('proof', () => descriptor.device(backend()));
      expect(/ 0 render targets/.test(device))
        .withContext(device)
        .toBe(fails);
    }
    descriptor.release!(backend());
  });

  /** What may fail in a call, and how. What is made before is kept, or has to be made again by the next call. */
  const FAULTS = {
    'a program that does not link': { name: 'linkProgram', error: /does not link/, keeps: true },
    'a texture that is not made': { name: 'texStorage3D', error: /cannot draw to/, keeps: true },
    'a draw call that throws': { name: 'drawArrays', error: /no such luck/, keeps: false },
  } as const;
  for (const [what, { name, error, keeps }] of Object.entries(FAULTS)) {
    it(`every kernel leaves it as found where it throws: ${what}`, () => {
      const { l, make } = OPERANDS['unpacked, odd channels'];
      const { calls, dispose } = callsOf({ ...l, batch: 1, inSize: [2, 2], kernel: [2, 2] }, make);
      const original = gl[name] as (...all: unknown[]) => void;
      const spy = spyOn(gl, name as 'drawArrays');
      const works = (...all: unknown[]): void => original.apply(gl, all);
      for (const [kernel, { run, truth }] of Object.entries(calls)) {
        spy.and.callFake(works);
        if (keeps) descriptor.release!(backend());
        descriptor.device(backend()); // Its proof is another test.
        let failed = 0;
        let result: tf.Tensor | undefined;
        while (result === undefined && failed < 20) {
          // The first of all, then one further each time.
          let left = keeps ? Math.min(failed, 1) : failed;
          spy.and.callFake((...all: unknown[]) => {
            if (left-- !== 0) return works(...all);
            if (!keeps) throw new Error('no such luck');
          });
          result = unchanged(`${kernel}, failing for the ${failed + 1}. time`, () => {
            try {
              return run();
            } catch (thrown) {
              expect((thrown as Error).message).toMatch(error);
              failed++;
            }
          });
        }
        expect(failed).withContext(kernel).toBeGreaterThan(0);
        spy.and.callFake(works);
        expect(mismatch(result?.dataSync<'float32'>() ?? [], truth))
          .withContext(kernel)
          .toBe('');
        result?.dispose();
      }
      dispose();
    });
  }
}

interface Call {
  readonly run: () => tf.Tensor;
  readonly truth: oracle.Truth;
}

/** A call of every kernel, and of a fused one, with operands on the GPU. */
function callsOf(l: Layer, make: Make): { calls: Record<string, Call>; dispose: () => void } {
  const operands = randomOperands(l, 'state');
  const { strides, dilations, groups, outputPadding } = l;
  const geometry = computeGeometry({
    xShape: xShape(l),
    filterShape: filterShape(l),
    strides,
    pad: explicitPad(l),
    dilations,
    groups,
    outputPadding,
  });
  const x = make(operands.x, xShape(l));
  const filter = make(operands.filter, filterShape(l));
  const dy = make(operands.dy, yShape(l));
  const bias = make(new Float32Array(l.outChannels).fill(0.5), [l.outChannels]);
  const slopes = make(new Float32Array(l.outChannels).fill(0.25), [l.outChannels]);
  const call =
    (kernel: string, inputs: tf.NamedTensorMap, more: Partial<Conv2DTransposeAttrs> = {}) =>
    (): tf.Tensor =>
      tf.engine().runKernel(kernel, inputs, { geometry, variant: 'subpixel', ...more } as unknown as tf.NamedAttrMap);
  const forward = oracle.forward(l, operands.x, operands.filter);
  const prelu = {
    values: forward.values.map((sum) => (sum + 0.5 < 0 ? (sum + 0.5) / 4 : sum + 0.5)),
    bound: forward.bound.map((bound) => 2 * bound + 2),
  };
  const fused = { x, filter, bias, preluActivationWeights: slopes };
  const calls = {
    ...Object.fromEntries(
      EXACT_VARIANTS.map((v) => [v, { run: call(KERNEL_OF_VARIANT[v], { x, filter }), truth: forward }]),
    ),
    fused: { run: call(KERNEL_OF_VARIANT.subpixel, fused, { activation: 'prelu' }), truth: prelu },
    'input gradient': {
      run: call(Conv2DTransposeBackpropInput, { dy, filter }),
      truth: oracle.backpropInput(l, operands.dy, operands.filter),
    },
    'filter gradient': {
      run: call(Conv2DTransposeBackpropFilter, { x, dy }),
      truth: oracle.backpropFilter(l, operands.x, operands.dy),
    },
  };
  return { calls, dispose: () => tf.dispose([x, filter, dy, bias, slopes]) };
}

/** Parameters that nobody can set. */
const LIMITS = /^(MAX|MIN|ALIASED|SUBPIXEL|VERSION|VENDOR|RENDERER|SHADING|SAMPLES|SAMPLE_BUFFERS)|_BITS$|^NUM_/;

/**
 * All of the state that a context tells: every constant of WebGL 2 that getParameter takes and that can be set, the
 * textures and samplers of all units, and the indexed buffers. Objects go by number.
 */
function observed(gl: Context): () => Record<string, unknown> {
  const seen = new Map<object, string>();
  const shown = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (ArrayBuffer.isView(value) || Array.isArray(value)) return String(value);
    if (!seen.has(value)) seen.set(value, `${value.constructor.name} ${seen.size}`);
    return seen.get(value);
  };
  const parameters = new Map<number, string>();
  while (gl.getError() !== gl.NO_ERROR);
  for (const name of Object.keys(WebGL2RenderingContext)) {
    const constant = (WebGL2RenderingContext as unknown as Record<string, unknown>)[name];
    if (typeof constant !== 'number' || parameters.has(constant) || LIMITS.test(name)) continue;
    gl.getParameter(constant);
    if (gl.getError() === gl.NO_ERROR) parameters.set(constant, name);
  }
  const names = [...parameters.values()];
  // As many has the table of the specification.
  if (names.length < 95) throw new Error(`getParameter takes only ${names.join(', ')}`);
  const perUnit = ['TEXTURE_BINDING_2D', 'TEXTURE_BINDING_2D_ARRAY', 'TEXTURE_BINDING_3D', 'TEXTURE_BINDING_CUBE_MAP'];
  return () => {
    const state: Record<string, unknown> = {};
    for (const [constant, name] of parameters) state[name] = shown(gl.getParameter(constant));
    const active = gl.getParameter(gl.ACTIVE_TEXTURE) as number;
    for (let unit = 0; unit < 2 * UNITS; unit++) {
      gl.activeTexture(gl.TEXTURE0 + unit);
      for (const name of [...perUnit, 'SAMPLER_BINDING'])
        state[`${name} ${unit}`] = shown(gl.getParameter(gl[name as 'SAMPLER_BINDING']));
    }
    gl.activeTexture(active);
    for (const name of ['UNIFORM_BUFFER_BINDING', 'TRANSFORM_FEEDBACK_BUFFER_BINDING'] as const)
      for (let n = 0; n < 4; n++) state[`${name} ${n}`] = shown(gl.getIndexedParameter(gl[name], n));
    while (gl.getError() !== gl.NO_ERROR); // Some depend on the framebuffer.
    return state;
  };
}

interface Foreign {
  enter(): void;
  leave(): void;
  dispose(): void;
}

/** A state that neither tfjs nor we would set. */
function foreignState(gl: Context): Foreign {
  const program = gl.createProgram();
  for (const [type, text] of [
    [gl.VERTEX_SHADER, 'void main() { gl_Position = vec4(0); }'],
    [gl.FRAGMENT_SHADER, 'void main() {}'],
  ] as const) {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  const [draws, reads] = [gl.createFramebuffer(), gl.createFramebuffer()];
  const vertexArray = gl.createVertexArray();
  const textures = Array.from({ length: UNITS }, () => [gl.createTexture(), gl.createTexture()]);
  const each = (use: (plain: WebGLTexture | null, layers: WebGLTexture | null) => void): void =>
    textures.forEach(([plain, layers], unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      use(plain, layers);
    });
  return {
    enter() {
      gl.useProgram(program);
      gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, draws);
      gl.bindFramebuffer(gl.READ_FRAMEBUFFER, reads);
      gl.bindVertexArray(vertexArray);
      each((plain, layers) => {
        gl.bindTexture(gl.TEXTURE_2D, plain);
        gl.bindTexture(gl.TEXTURE_2D_ARRAY, layers);
      });
      gl.activeTexture(gl.TEXTURE5);
      gl.enable(gl.BLEND);
      gl.blendEquationSeparate(gl.FUNC_SUBTRACT, gl.MAX);
      gl.blendFuncSeparate(gl.SRC_ALPHA, gl.DST_COLOR, gl.ZERO, gl.ONE_MINUS_SRC_ALPHA);
      gl.enable(gl.SCISSOR_TEST);
      gl.scissor(1, 0, 1, 1);
      gl.viewport(3, 4, 5, 6);
      gl.clearColor(0.25, 0.5, 0.75, 1);
      gl.pixelStorei(gl.PACK_ALIGNMENT, 2);
    },
    /** What tfjs does not set before each use. */
    leave() {
      gl.bindFramebuffer(gl.FRAMEBUFFER, null);
      each(() => {
        gl.bindTexture(gl.TEXTURE_2D, null);
        gl.bindTexture(gl.TEXTURE_2D_ARRAY, null);
      });
      gl.disable(gl.BLEND);
      gl.blendEquation(gl.FUNC_ADD);
      gl.blendFunc(gl.ONE, gl.ZERO);
      gl.clearColor(0, 0, 0, 0);
      gl.pixelStorei(gl.PACK_ALIGNMENT, 4);
    },
    dispose() {
      gl.deleteProgram(program);
      for (const framebuffer of [draws, reads]) gl.deleteFramebuffer(framebuffer);
      gl.deleteVertexArray(vertexArray);
      for (const texture of textures.flat()) gl.deleteTexture(texture);
    },
  };
}
