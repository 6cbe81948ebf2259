// SPDX-License-Identifier: Apache-2.0
/**
 * Whether tfjs keeps its tensors as ./tfjs_internals says. A later tfjs that packs otherwise, or counts the offset of
 * a slice otherwise, would give wrong numbers, not errors. So, once for each backend and format of results: values,
 * brought to the GPU by tfjs in each form that there is, and read by our programs into a result, which tfjs reads.
 *
 * | form | how tfjs comes to it |
 * |---|---|
 * | unpacked, uploaded | `uploadToGPU` of values, as for programs that read unpacked |
 * | a slice | Slice of that: the same texture, from an offset on |
 * | packed, uploaded | BatchMatMul of values: its program is the first that they meet, and reads packed |
 * | packed, as we have it done | values that no program of tfjs has met |
 * | packed, reshaped | those values by another shape, that of before the upload |
 * | uniform | a single value, which tfjs keeps off the GPU |
 * | our result, one matrix or several | read back, and multiplied by tfjs |
 *
 * Each copy is made by the program of a fused kernel whose bias is the tensor: the code that reads and writes tensors
 * in earnest. Values are integers, which half floats hold, and no two of a tensor are equal. The kernels of tfjs are
 * called past its engine: no tape, profile or scope sees them.
 *
 * Where something throws instead, it is tried again later: memory may have been short.
 */
import { BatchMatMul, Multiply, Reshape, Slice, type TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { SUPPORTED, type Support, otherInternals, unproven, unsupported } from '../../src/contract';
import { keptBy, retried } from '../../src/geometry/kept';
import { deviceName, deviceOf } from './device';
import { keptOf } from './drawing/context';
import { Scope } from './drawing/scope';
import { fusedOf } from './programs/fused';
import { type ElementSource, drawResult } from './programs/result';
import {
  disposeTensor,
  drawsFloat32,
  hasContext,
  isWebGL2,
  onlyCompiles,
  packsResults,
  runKernel,
  tensorOf,
  untimed,
  uploadUnpacked,
  valuesOf,
} from './tfjs_internals';

const NO_WEBGL_2 = /* @__PURE__ */ unsupported('it needs WebGL 2, and this is WebGL 1');
const ONLY_COMPILES = /* @__PURE__ */ unsupported('it draws, and the flag ENGINE_COMPILE_ONLY is set');

/** The proof for each format of results; `undefined` where nothing can be drawn. */
const proofsOf = keptBy((backend: MathBackendWebGL) =>
  Array.from({ length: 4 }, () =>
    retried((): Support | undefined => {
      keptOf(backend).throwIfLost();
      if (deviceOf(backend).targets === 0) return undefined;
      const problem = untimed(backend, () => problemWith(backend));
      return problem === '' ? SUPPORTED : otherInternals('webgl', backend, problem);
    }),
  ),
);

/**
 * Whether kernels of ours can run here at all.
 *
 * @throws Error if the context is lost and nothing can be found out.
 */
export function probe(backend: MathBackendWebGL): Support {
  try {
    if (!isWebGL2()) return NO_WEBGL_2;
    if (onlyCompiles()) return ONLY_COMPILES;
    const format = (packsResults() ? 1 : 0) + (drawsFloat32() ? 2 : 0);
    // Without targets it is for the kernels to say why not.
    return proofsOf(backend)[format]() ?? SUPPORTED;
  } catch (error) {
    if (isLost(backend)) throw error;
    return unproven('webgl', backend, error);
  }
}

/** The name of the device, or what is left of it where tfjs's internals do not tell. */
export function nameOf(backend: MathBackendWebGL): string {
  try {
    return deviceName(backend);
  } catch (error) {
    if (isLost(backend)) throw error;
    return 'WebGL';
  }
}

/** Whether it is the context that has failed, not what we know of tfjs. */
function isLost(backend: MathBackendWebGL): boolean {
  return hasContext(backend) && keptOf(backend).isLost;
}

/** Elements of a result's line. */
const WIDTH = 9;
/** Of shape [4, 3]: a line of the texture is shorter than what is read. */
const RECTANGLE: readonly number[] = [3, 8, 1, 6, 11, 4, 9, 2, 7, 0, 5, 10];
/** Of shape [3, 3], odd: packed, it has lanes beyond its sizes. */
const SQUARE: readonly number[] = [2, 6, 1, 5, 0, 4, 8, 3, 7];

/** A line of a result c is 16 · c and the bias. The largest value of the product is 8 · 43 · 3 = 1032. */
const LINES: ElementSource = {
  key: 'proof of tensors',
  gives: 'element',
  code: () => 'float element(int a, int b, int c, int d) { return float(16 * c); }',
  uniforms: {},
  shape: [1, 1, 3, WIDTH],
};

/** Of two matrices with two lines each, which lie as one of four. The largest value of a square is 24² = 576. */
const MATRICES: ElementSource = { ...LINES, shape: [1, 2, 2, WIDTH] };

function linesOf(values: readonly number[]): number[] {
  return Array.from({ length: 3 * WIDTH }, (_, n) => 16 * Math.floor(n / WIDTH) + values[(n % WIDTH) % values.length]);
}

/** Values are other than they must be. */
class Mismatch extends Error {}

/**
 * What is wrong, or ''.
 *
 * @throws Error if it cannot be found out.
 */
function problemWith(backend: MathBackendWebGL): string {
  const made: TensorInfo[] = [];
  const own = <T extends TensorInfo | undefined>(info: T): T => {
    if (info) made.push(info);
    return info;
  };
  const tensor = (shape: number[], values: readonly number[]): TensorInfo =>
    own(tensorOf(backend, shape, Float32Array.from(values)));
  let step = '';
  const check = (info: TensorInfo, expected: readonly number[]): void => {
    const found = valuesOf(backend, info);
    const wrong = expected.findIndex((value, n) => !(Math.abs(found[n] - value) < 0.25));
    if (wrong >= 0) throw new Mismatch(`element ${wrong} is ${found[wrong]} instead of ${expected[wrong]}`);
  };
  const result = (source: ElementSource, bias: TensorInfo): TensorInfo => {
    const fused = { bias, activation: 'linear', leakyreluAlpha: 0 } as const;
    return own(Scope.run(backend, (scope) => drawResult(scope, {}, source, fusedOf(scope, fused))));
  };
  const copy = (info: TensorInfo, values: readonly number[]): TensorInfo => {
    const copied = result(LINES, info);
    check(copied, linesOf(values));
    return copied;
  };
  try {
    step = 'a tensor uploaded, or a result read back';
    const rectangle = tensor([4, 3], RECTANGLE);
    uploadUnpacked(backend, rectangle);
    const lines = copy(rectangle, RECTANGLE);
    step = 'a slice';
    const slice = own(runKernel(backend, Slice, { x: rectangle }, { begin: [1, 0], size: [3, 3] }));
    if (slice) copy(slice, RECTANGLE.slice(3));
    step = 'a result multiplied by tfjs';
    const square = tensor([1, 1, 3, 3], SQUARE);
    const reshaped = own(runKernel(backend, Reshape, { x: square }, { shape: [WIDTH] }));
    const transposed = { transposeA: false, transposeB: false };
    const product = own(runKernel(backend, BatchMatMul, { a: square, b: lines }, transposed));
    if (product) check(product, productOf(linesOf(RECTANGLE)));
    step = 'a result of several matrices';
    const matrices = result(MATRICES, square);
    const ofOne = linesOf(SQUARE).slice(0, 2 * WIDTH);
    const expected = [...ofOne, ...ofOne];
    check(matrices, expected);
    const squares = own(runKernel(backend, Multiply, { a: matrices, b: matrices }, {}));
    if (squares)
      check(
        squares,
        expected.map((value) => value * value),
      );
    step = 'a tensor that tfjs has packed';
    copy(square, SQUARE);
    step = 'a tensor that we have had packed';
    copy(tensor([3, 3], SQUARE), SQUARE);
    step = 'a packed tensor that is reshaped';
    if (reshaped) copy(reshaped, SQUARE);
    step = 'a single value';
    copy(tensor([1], [5]), [5]);
    return '';
  } catch (error) {
    keptOf(backend).throwIfLost();
    const problem = `${step}: ${(error as Error).message}`;
    if (error instanceof Mismatch) return problem;
    throw new Error(problem, { cause: error });
  } finally {
    for (const info of made) disposeTensor(backend, info);
  }
}

/** SQUARE times three lines of a result. */
function productOf(lines: readonly number[]): number[] {
  return lines.map((_, n) => {
    const [row, col] = [Math.floor(n / WIDTH), n % WIDTH];
    return [0, 1, 2].reduce((sum, k) => sum + SQUARE[3 * row + k] * lines[WIDTH * k + col], 0);
  });
}
