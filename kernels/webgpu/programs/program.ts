// SPDX-License-Identifier: Apache-2.0
/**
 * A compute program as tfjs takes it, and how WGSL is generated here: code is repeated by JavaScript, and what differs
 * from size to size is a uniform.
 */
import type { WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';
import { keptBy } from '../../../src/geometry/kept';

/** 0, 1, … count − 1. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

/** The code of each item, one below the other. */
export function each<T>(items: readonly T[], code: (item: T, n: number) => string): string {
  return items.map(code).join('\n');
}

/** Invocations of a workgroup, in all programs: what every device has. */
export const WORKGROUP = 64;

/** Floats of an element of a buffer, as a program sees it. */
export type Lanes = 1 | 4;

/** Four, if lines of so many floats are made of fours. */
export function lanesOf(size: number): Lanes {
  return size % 4 === 0 ? 4 : 1;
}

/** A buffer that a program reads: its name in the code, and how many floats an element of it holds there. */
export interface Input {
  readonly name: string;
  readonly lanes: Lanes;
}

/** What a program is made of. Equal keys mean equal code. */
export interface ProgramSource {
  readonly key: string;
  /** Of a workgroup. Default: 64. */
  readonly invocations?: number;
  readonly inputs: readonly Input[];
  /** Floats of an element of `result`. */
  readonly outputLanes: Lanes;
  /** Names of integers. */
  readonly integers: readonly string[];
  /** Names of floats. */
  readonly floats?: readonly string[];
  /** Whether lanes of a subgroup give each other what they read: only for devices that were made for it. */
  readonly subgroups?: boolean;
  /**
   * `fn main(index: i32)`. A workgroup has 64 invocations, `localIndex` is which of them it is; `index` counts all
   * invocations of a dispatch, of which there may be more than were asked for.
   */
  readonly code: () => string;
}

/** What tfjs is told of a program, the same for all calls: lists and texts that take longer than a small layer. */
interface Interface {
  readonly shaderKey: string;
  readonly named: { readonly name: string };
  readonly variableNames: string[];
  readonly variableComponents: number[];
  readonly uniformNames: readonly { readonly name: string; readonly type: 'int32' | 'float32' }[];
  readonly uniforms: string;
}

const interfaceOf = /* @__PURE__ */ keptBy(({ key, inputs, integers, floats = [] }: ProgramSource): Interface => {
  const uniformNames = [
    ...integers.map((name) => ({ name, type: 'int32' as const })),
    ...floats.map((name) => ({ name, type: 'float32' as const })),
  ];
  return {
    shaderKey: `conv2d-transpose: ${key}`,
    // Without commas: these part programs from each other in a profile.
    named: { name: key.replace(/,/g, '') },
    variableNames: inputs.map(({ name }) => name),
    variableComponents: inputs.map(({ lanes }) => lanes),
    uniformNames,
    uniforms: uniformNames.map(({ name, type }) => `${name}: ${type === 'int32' ? 'i32' : 'f32'}, `).join(''),
  };
});

/** A compiler sees no quad of lanes in an index: that those of one go the same way is for the programs to see to. */
const SUBGROUPS = 'enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n';

/** A program for one call: tfjs writes into it. */
export class Program implements WebGPUProgram {
  readonly variableNames: string[];
  readonly variableComponents: number[];
  readonly outputComponent: number;
  readonly workgroupSize: [number, number, number];
  readonly dispatchLayout = { x: [0] };
  readonly uniformNames: Interface['uniformNames'];
  readonly uniforms: string;
  readonly size = false;
  /** What its code has to begin with. */
  readonly directives: string;
  outputShape: number[] = [];
  shaderKey: string;
  dispatch: [number, number, number];

  constructor(
    private readonly source: ProgramSource,
    workgroups: number,
  ) {
    const told = interfaceOf(source);
    this.shaderKey = told.shaderKey;
    // The name of its class is how `tf.profile` and browsers call a program.
    (this as { constructor: unknown }).constructor = told.named;
    this.variableNames = told.variableNames;
    this.variableComponents = told.variableComponents;
    this.uniformNames = told.uniformNames;
    this.uniforms = told.uniforms;
    this.workgroupSize = [source.invocations ?? WORKGROUP, 1, 1];
    this.dispatch = [workgroups, 1, 1];
    this.outputComponent = source.outputLanes;
    this.directives = source.subgroups ? SUBGROUPS : '';
  }

  getUserCode(): string {
    return this.source.code();
  }
}

/**
 * Integers are slow to divide, and where GPUs are simulated they are divided one by one: floats find quotients here.
 * All of them expect a ≥ 0 and b > 0.
 *
 *     quotient(a, b)        exact: the error of a first guess is divided in turn, and what is left mended by one
 *     smallQuotient(a, b)   exact for a up to LARGEST_DIVIDEND
 */
export const QUOTIENT = `
fn quotient(a: i32, b: i32) -> i32 {
  let guess = i32(f32(a) / f32(b));
  let better = guess + i32(f32(a - guess * b) / f32(b));
  let left = a - better * b;
  return better + select(0, 1, left >= b) - select(0, 1, left < 0);
}
fn smallQuotient(a: i32, b: i32) -> i32 { return i32((f32(a) + 0.5) / f32(b)); }`;
/**
 * What smallQuotient can divide. (a + ½) / b is ½ / b away from what rounds otherwise, and may be wrong by 2.5 units in
 * the last place (WGSL), 2.5 · 2⁻²³ · a / b: less than that for a up to 2²³ / 5.
 */
export const LARGEST_DIVIDEND = 2 ** 20;

/**
 * The code that takes an index ≥ 0 apart into numbers below some sizes, of which the first counts fastest, and what is
 * left: of `pixel`, given col below width and row below height, the image.
 */
export function takenApart(
  index: string,
  digits: readonly (readonly [name: string, size: string])[],
  left: string,
): string {
  return each(digits, ([name, size], n) => {
    const of = n === 0 ? index : `above_${digits[n - 1][0]}`;
    const above = n === digits.length - 1 ? left : `above_${name}`;
    return `  let ${above} = quotient(${of}, ${size});
  let ${name} = ${of} - ${above} * ${size};`;
  });
}

/** The code for `value` divided by a power of two, `value` ≥ 0. */
export function shifted(value: string, by: number): string {
  return by === 1 ? value : `(${value} >> ${Math.log2(by)}u)`;
}

/** A run of a program that has an invocation for each element of a shape. */
export function elementwise(
  source: ProgramSource,
  shape: readonly number[],
): { readonly source: ProgramSource; readonly workgroups: number } {
  const elements = shape.reduce((product, size) => product * size, 1) / source.outputLanes;
  return { source, workgroups: Math.ceil(elements / WORKGROUP) };
}

/**
 * An element of a buffer where a condition holds, else 0, without a branch: where many stand in a row, compilers take
 * minutes over branches.
 */
export function readIf(condition: string, buffer: string, at: string, lanes: Lanes): string {
  const zero = lanes === 4 ? 'vec4<f32>(0.)' : '0.';
  return `select(${zero}, ${buffer}[select(0, ${at}, ${condition})], ${condition})`;
}

/** That 0 ≤ `value` < `size`; `&` joins such terms without branches, unlike `&&`. */
export function within(value: string, size: string): string {
  return `(${value} >= 0) & (${value} < ${size})`;
}
