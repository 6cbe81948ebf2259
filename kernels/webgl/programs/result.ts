// SPDX-License-Identifier: Apache-2.0
/**
 * Programs that write a tensor of tfjs of rank 4, [a, b, c, d], packed or not as its flags say: ../tfjs_internals
 * draws both forms. They read the targets of the programs before, or operands as they lie, by code that each kernel
 * brings, and fuse bias and activation.
 *
 * A packed texel is 2 × 2 elements of c and d. Example: shape [1, 1, 3, 3]. Lanes beyond an odd size are zeros (·):
 * tfjs multiplies and adds them.
 *
 *     texel 0: c 0 1 × d 0 1     texel 1: c 0 1 × d 2 ·
 *     texel 2: c 2 · × d 0 1     texel 3: c 2 · × d 2 ·
 */
import { keptBy } from '../../../src/geometry/kept';
import type { ProgramSource } from '../drawing/program';
import type { Uniforms } from '../drawing/uniforms';
import type { Scope, Texture } from '../drawing/scope';
import { type ResultTexture, packsResults } from '../tfjs_internals';
import { type Fused } from './fused';
import { TENSOR_STRUCT } from './tensor_element';

/** GLSL that computes the elements of a result. One object for each plan: programs are kept by it. */
export interface ElementSource {
  /** Equal keys mean equal code. */
  readonly key: string;
  /**
   * `float element(int a, int b, int c, int d)`, which reads the targets with `target(n, at)`; and by what `gives`
   * says, `vec2 pair(…)`, that and the next along d, or `vec4 texel(…)`, the pairs of c and c + 1. Both are asked
   * for at even places only. An element or a pair is a fetch, and so is a texel.
   */
  readonly code: () => string;
  readonly gives: 'element' | 'pair' | 'texel';
  readonly uniforms: Uniforms;
  /** The largest number that its code divides, besides places in the result. Default: any. */
  readonly most?: number;
  /** The result's. */
  readonly shape: number[];
}

/** Draws a result from what its code reads: `targets`, or what it declares itself. */
export function drawResult(
  scope: Scope,
  textures: Readonly<Record<string, Texture>>,
  source: ElementSource,
  fused: Fused,
): ResultTexture {
  const result = scope.result(source.shape);
  const { shape, uniforms, most = Infinity } = source;
  scope.draw({
    source: programOf(source)(packsResults(), fused),
    target: result,
    textures: { ...textures, ...fused.textures },
    uniforms: [uniforms, { shape, lineTexels: result.width }, fused.uniforms],
    most: Math.max(most, result.width * result.height, ...shape),
  });
  return result;
}

/** The programs of a source, by what is fused with it. */
const programOf = keptBy((source: ElementSource) => {
  const programs = new Map<string, ProgramSource>();
  return (packs: boolean, fused: Fused): ProgramSource => {
    const key = `${source.key}, ${packs ? 'packed' : 'unpacked'}, by ${source.gives}${fused.key}`;
    let program = programs.get(key);
    if (program === undefined) {
      program = { key, fragment: () => fragmentOf(source, packs, fused.code()) };
      programs.set(key, program);
    }
    return program;
  };
});

const PAIR_OF_ELEMENTS = `
vec2 pair(int a, int b, int c, int d) {
  return vec2(element(a, b, c, d), d + 1 < shape.w ? element(a, b, c, d + 1) : 0.);
}`;

const TEXEL_OF_PAIRS = `
vec4 texel(int a, int b, int c, int d) {
  return vec4(pair(a, b, c, d), c + 1 < shape.z ? pair(a, b, c + 1, d) : vec2(0.));
}`;

const PACKED = `
  int across = (shape.w + 1) >> 1, down = (shape.z + 1) >> 1;
  int line = quotient(index, across);
  int d = 2 * (index - line * across);
  int matrix = quotient(line, down);
  int c = 2 * (line - matrix * down);
  int a = quotient(matrix, shape.y);
  int b = matrix - a * shape.y;
  bvec2 inside = lessThan(ivec2(c, d) + 1, shape.zw);
  value = mix(vec4(0.), finish(texel(a, b, c, d), d), bvec4(true, inside.y, inside.x, inside.x && inside.y));`;

const UNPACKED = `
  int line = quotient(index, shape.w);
  int matrix = quotient(line, shape.z);
  int a = quotient(matrix, shape.y);
  int d = index - line * shape.w;
  value = finish(vec4(element(a, matrix - a * shape.y, line - matrix * shape.z, d), 0., 0., 0.), d);`;

function fragmentOf({ code, gives }: ElementSource, packs: boolean, fused: string): string {
  const derived = `${gives === 'element' ? PAIR_OF_ELEMENTS : ''}${gives === 'texel' ? '' : TEXEL_OF_PAIRS}`;
  return `${TENSOR_STRUCT}
uniform sampler2DArray targets;
uniform ivec4 shape;  // a, b, c, d
uniform int lineTexels;
layout(location = 0) out vec4 value;
vec4 target(int n, ivec2 at) {
  return texelFetch(targets, ivec3(at, n), 0);
}
${code()}
${packs ? derived : ''}
${fused}
void main() {
  int index = int(gl_FragCoord.y) * lineTexels + int(gl_FragCoord.x);
  ${packs ? PACKED : UNPACKED}
}`;
}
