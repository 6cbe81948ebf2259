// SPDX-License-Identifier: Apache-2.0
/**
 * What a fused kernel does to its sums in the program that writes its result: adds the bias, then applies the
 * activation. No pass of its own. A texel of the result holds 2 pixels of channels c and c + 1, so the lanes of a
 * bias b are
 *
 *     r: b[c]   g: b[c + 1]   b: b[c]   a: b[c + 1]
 *
 * A new activation is a row in ACTIVATIONS.
 */
import { type Activation, type FusedInfo } from '../../../src/contract';
import type { Uniforms } from '../drawing/uniforms';
import type { Scope } from '../drawing/scope';
import type { TensorTexture } from '../tfjs_internals';
import { tensorElement } from './tensor_element';

/** What an activation does to `v`. NaN is not less than anything, and stays. */
const ACTIVATIONS: Readonly<Record<Activation, string>> = {
  linear: '',
  relu: 'v = mix(v, vec4(0.), lessThan(v, vec4(0.)));',
  relu6: 'v = mix(mix(v, vec4(0.), lessThan(v, vec4(0.))), vec4(6.), greaterThan(v, vec4(6.)));',
  elu: 'v = mix(v, exp(min(v, 0.)) - 1., lessThan(v, vec4(0.)));',
  sigmoid: 'v = 1. / (1. + exp(-v));',
  // GPUs may overflow far from 0, where it is ±1.
  tanh: 'v = mix(v, tanh(clamp(v, -10., 10.)), greaterThanEqual(abs(v), vec4(0.)));',
  leakyrelu: 'v = mix(v, v * leakyreluAlpha, lessThan(v, vec4(0.)));',
  prelu: 'v = mix(v, v * preluAt(channel), lessThan(v, vec4(0.)));',
};

/** What is fused, on the GPU. */
export interface Fused {
  /** Equal keys mean equal code. */
  readonly key: string;
  /** `vec4 finish(vec4 sums, int channel)`, for lanes of channel, channel + 1 and the same again. */
  readonly code: () => string;
  readonly textures: Readonly<Record<string, TensorTexture>>;
  readonly uniforms: Uniforms;
}

/** Nothing is. */
const NOT_FUSED: Fused = {
  key: '',
  code: () => 'vec4 finish(vec4 v, int channel) { return v; }',
  textures: {},
  uniforms: {},
};

/** Brings what is fused onto the GPU. */
export function fusedOf(scope: Scope, given: FusedInfo | undefined): Fused {
  if (!given) return NOT_FUSED;
  const { bias, activation, preluActivationWeights: prelu, leakyreluAlpha } = given;
  const textures: Record<string, TensorTexture> = {};
  const uniforms: Record<string, number> = { leakyreluAlpha };
  for (const [name, info] of Object.entries({ bias, prelu: activation === 'prelu' ? prelu : undefined })) {
    if (!info) continue;
    textures[name] = scope.tensor(info);
    uniforms[`${name}Step`] = info.shape.some((size) => size > 1) ? 1 : 0;
  }
  return {
    key: `, then ${bias ? 'bias, ' : ''}${activation}`,
    code: () => `${Object.keys(textures).map(perChannel).join('')}
uniform float leakyreluAlpha;
vec4 finish(vec4 v, int channel) {
  ${bias ? 'v += biasAt(channel);' : ''}
  ${ACTIVATIONS[activation]}
  return v;
}`,
    textures,
    uniforms,
  };
}

/** `vec4 nameAt(channel)`: the lanes of a tensor with a value per channel, or (its step is 0) one for all. */
function perChannel(name: string): string {
  return `${tensorElement(name)}
uniform int ${name}Step;
vec4 ${name}At(int channel) {
  return vec4(${name}Element(channel * ${name}Step), ${name}Element((channel + 1) * ${name}Step), 0., 0.).rgrg;
}`;
}
