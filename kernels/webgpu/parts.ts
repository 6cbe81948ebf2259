// SPDX-License-Identifier: Apache-2.0
/**
 * Products of few workgroups (split-K): the terms of each sum are cut into parts, and each part has workgroups of its
 * own, which write [parts][elements of the result]. A tree adds them up (programs/partial_sums); its last step finishes
 * the result. The order of all additions is fixed, so results are the same in every call.
 *
 *     4096 terms         16 workgroups: most cores of a large GPU have none
 *     16 × 256 terms    256 workgroups, and 16 floats of each element of the result, written once and read once
 */
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Device } from './device';
import { type Fused, NOT_FUSED, finishedBy } from './programs/fused';
import { FAN_IN, PARTIAL_SUMS } from './programs/partial_sums';
import { elementwise, lanesOf } from './programs/program';
import type { Scope } from './scope';

/** Floats of all parts together, unless one is larger. */
const MOST_SCRATCH = 2 ** 22;
/** Workgroups that keep a large device busy. */
const ENOUGH_WORKGROUPS = 256;

/** What is to be cut. */
interface Product {
  /** Of each sum: of the longest, if they differ. */
  readonly terms: number;
  /** Terms that are taken at once. Default: 1. */
  readonly chunk?: number;
  /** Before it is cut; a fraction, where parts may share one. */
  readonly workgroups: number;
  /** Of the result. */
  readonly floats: number;
  /** More parts than this cost more to add up than they save. */
  readonly mostParts: number;
  /** Workgroups that are worth more parts. Default: as many as keep a large device busy. */
  readonly enough?: number;
}

/** Parts of about as many terms each, whole chunks of them, none of which is empty. */
export function cut(
  device: Device,
  { terms, chunk = 1, workgroups, floats, mostParts, enough = ENOUGH_WORKGROUPS }: Product,
): { readonly parts: number; readonly termsOfPart: number } {
  const wanted = Math.min(
    Math.ceil(enough / workgroups),
    mostParts,
    Math.floor(Math.min(MOST_SCRATCH, device.mostFloats) / floats),
    Math.floor(device.mostWorkgroups / workgroups),
  );
  const termsOfPart = chunk * Math.ceil(terms / chunk / Math.max(1, wanted));
  return { parts: Math.max(1, Math.ceil(terms / termsOfPart)), termsOfPart };
}

/** Adds up parts, [parts, …output.shape], more than one, into `output`, whose last `channels` lie together. */
export function addUp(
  scope: Scope,
  parts: TensorInfo,
  output: TensorInfo,
  channels: number,
  fused: Fused = NOT_FUSED,
): void {
  const floats = util.sizeFromShape(output.shape);
  let [terms, left] = [parts, parts.shape[0]];
  while (left > 1) {
    const sums = Math.ceil(left / FAN_IN);
    const [result, finish] = sums === 1 ? [output, fused] : [scope.buffer([sums, floats]), NOT_FUSED];
    scope.run({
      ...elementwise(finishedBy(finish, PARTIAL_SUMS[lanesOf(channels)]), [sums, floats]),
      inputs: { terms, ...finish.tensors },
      uniforms: { floats, parts: left, sums, channels, ...finish.uniforms },
      output: result,
    });
    [terms, left] = [result, sums];
  }
}
