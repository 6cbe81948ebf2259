// SPDX-License-Identifier: Apache-2.0
/**
 * What a fused kernel does to its sums in the program that writes its result: adds the bias, then applies the
 * activation. No program of its own. A new activation is a row in ACTIVATIONS.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Activation, FusedInfo } from '../../../src/contract';
import { keptBy } from '../../../src/geometry/kept';
import type { Input, ProgramSource } from './program';

/** What an activation does to `v`. NaN is not less than anything, and stays. */
const ACTIVATIONS: Readonly<Record<Activation, string>> = {
  linear: '',
  relu: 'v = select(v, vec4<f32>(0.), v < vec4<f32>(0.));',
  relu6: 'v = select(select(v, vec4<f32>(0.), v < vec4<f32>(0.)), vec4<f32>(6.), v > vec4<f32>(6.));',
  elu: 'v = select(v, exp(min(v, vec4<f32>(0.))) - 1., v < vec4<f32>(0.));',
  sigmoid: 'v = 1. / (1. + exp(-v));',
  // GPUs may overflow far from 0, where it is ±1.
  tanh: 'v = select(v, tanh(clamp(v, vec4<f32>(-10.), vec4<f32>(10.))), abs(v) >= vec4<f32>(0.));',
  leakyrelu: 'v = select(v, v * uniforms.leakyreluAlpha, v < vec4<f32>(0.));',
  prelu: 'v = select(v, v * preluAt(channel), v < vec4<f32>(0.));',
};

/** What is fused: a part of the source of the program that writes a result. */
export interface Fused {
  readonly key: string;
  /** `fn finish(sums: vec4<f32>, channel: i32) -> vec4<f32>`, for channel and the three after it. */
  readonly code: () => string;
  readonly inputs: readonly Input[];
  readonly tensors: Readonly<Record<string, TensorInfo>>;
  readonly integers: readonly string[];
  readonly floats: readonly string[];
  readonly uniforms: Readonly<Record<string, number>>;
}

/** Nothing is. */
export const NOT_FUSED: Fused = {
  key: '',
  code: () => 'fn finish(v: vec4<f32>, channel: i32) -> vec4<f32> { return v; }',
  inputs: [],
  tensors: {},
  integers: [],
  floats: [],
  uniforms: {},
};

/** @param floats A tensor as one whose buffer holds floats. */
export function fusedOf(given: FusedInfo | undefined, floats: (info: TensorInfo) => TensorInfo): Fused {
  if (!given) return NOT_FUSED;
  const { bias, activation, preluActivationWeights, leakyreluAlpha } = given;
  const prelu = activation === 'prelu' ? preluActivationWeights : undefined;
  const perChannel = Object.entries({ bias, prelu }).filter((entry): entry is [string, TensorInfo] => !!entry[1]);
  const names = perChannel.map(([name]) => name);
  const leaks = activation === 'leakyrelu';
  return {
    key: `, then ${bias ? 'bias, ' : ''}${activation}`,
    code: () => `${names.map(channelValues).join('')}
fn finish(sums: vec4<f32>, channel: i32) -> vec4<f32> {
  var v = sums;
  ${bias ? 'v += biasAt(channel);' : ''}
  ${ACTIVATIONS[activation]}
  return v;
}`,
    inputs: names.map((name) => ({ name, lanes: 1 })),
    tensors: Object.fromEntries(perChannel.map(([name, info]) => [name, floats(info)])),
    integers: names.map((name) => `${name}Step`),
    floats: leaks ? ['leakyreluAlpha'] : [],
    uniforms: {
      ...Object.fromEntries(perChannel.map(([name, { shape }]) => [`${name}Step`, shape.some((n) => n > 1) ? 1 : 0])),
      ...(leaks ? { leakyreluAlpha } : {}),
    },
  };
}

/** `nameAt(channel)`: four of a tensor's values, one per channel, or (its step is 0) one for all. */
function channelValues(name: string): string {
  return `
fn ${name}At(channel: i32) -> vec4<f32> {
  let step = uniforms.${name}Step;
  return vec4<f32>(${[0, 1, 2, 3].map((n) => `${name}[(channel + ${n}) * step]`).join(', ')});
}`;
}

/** The sources of a program by what is fused: made once, as is all that is kept with them. */
const finished = /* @__PURE__ */ keptBy((_: ProgramSource) => new Map<string, ProgramSource>());

/** A program whose result is finished by what is fused. */
export function finishedBy(fused: Fused, source: ProgramSource): ProgramSource {
  const kept = finished(source);
  let result = kept.get(fused.key);
  if (!result) {
    const { key, code, inputs, integers, floats } = fused;
    result = {
      ...source,
      key: source.key + key,
      inputs: [...source.inputs, ...inputs],
      integers: [...source.integers, ...integers],
      floats: [...(source.floats ?? []), ...floats],
      code: () => `${code()}\n${source.code()}`,
    };
    kept.set(key, result);
  }
  return result;
}
