// SPDX-License-Identifier: Apache-2.0
/** What a fused kernel does to its sums in the program that writes its result: adds the bias, then applies the activation. No pass of its own. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { Activation } from '../../src/contract';
import { elementSource, elementsOf } from './elements';

/** `bias` and `prelu` hold a value per channel, or one for all. */
export interface Epilogue {
  readonly bias?: TensorInfo;
  readonly activation: Activation;
  readonly prelu?: TensorInfo;
  readonly leakyreluAlpha: number;
}

/** GLSL of `vec4 finish(vec4 sums, int channel)`, for lanes of channel, channel + 1 and the same again, and what it needs. */
export interface EpilogueSource {
  readonly key: string;
  readonly code: string;
  readonly textures: Readonly<Record<string, TensorInfo>>;
  readonly uniforms: Readonly<Record<string, readonly number[]>>;
}

/** NaN is not less than anything, and stays. */
const ACTIVATIONS: Readonly<Record<Activation, string>> = {
  linear: '',
  relu: 'v = mix(v, vec4(0.), lessThan(v, vec4(0.)));',
  relu6: 'v = mix(mix(v, vec4(0.), lessThan(v, vec4(0.))), vec4(6.), greaterThan(v, vec4(6.)));',
  elu: 'v = mix(v, exp(min(v, 0.)) - 1., lessThan(v, vec4(0.)));',
  sigmoid: 'v = 1. / (1. + exp(-v));',
  leakyrelu: 'v = mix(v, v * slope, lessThan(v, vec4(0.)));',
  prelu: 'v = mix(v, v * perChannel(channel), lessThan(v, vec4(0.)));',
};

export function epilogueSource(backend: MathBackendWebGL, epilogue: Epilogue | undefined): EpilogueSource | undefined {
  if (!epilogue) return undefined;
  const { bias, activation, prelu, leakyreluAlpha } = epilogue;
  const textures: Record<string, TensorInfo> = {};
  const uniforms: Record<string, number[]> = {};
  /** `name`(channel): 4 lanes of a tensor with a value per channel, or a single one. */
  const lanes = (info: TensorInfo | undefined, name: string): string => {
    if (!info) return '';
    const elements = elementsOf(backend, info);
    textures[`${name}Of`] = info;
    uniforms[`${name}Tensor`] = [...elements.uniforms.tensor];
    uniforms[`${name}Step`] = [info.shape.reduce((a, b) => a * b, 1) > 1 ? 1 : 0];
    return `${elementSource(`${name}Of`, `${name}Tensor`, `${name}Element`, `${name}Place`)}
uniform int ${name}Step;
vec4 ${name}(int channel) {
  return vec4(${name}Element(channel * ${name}Step), ${name}Element((channel + 1) * ${name}Step), 0., 0.).rgrg;
}`;
  };
  const code = `${lanes(bias, 'bias')}
${activation === 'prelu' ? lanes(prelu, 'perChannel') : ''}
vec4 finish(vec4 v, int channel) {
  ${bias ? 'v += bias(channel);' : ''}
  ${activation === 'leakyrelu' ? `float slope = ${glslFloat(leakyreluAlpha)};` : ''}
  ${ACTIVATIONS[activation]}
  return v;
}`;
  const slope = activation === 'leakyrelu' ? ` ${leakyreluAlpha}` : '';
  return { key: `${bias ? 'bias, ' : ''}${activation}${slope}`, code, textures, uniforms };
}

function glslFloat(value: number): string {
  return Number.isInteger(value) ? `${value}.` : String(value);
}
