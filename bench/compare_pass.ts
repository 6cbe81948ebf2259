// SPDX-License-Identifier: Apache-2.0
/** One pass of one layer: all contenders timed in turn, every result checked. Runs in Node and in a page, on the backend that is set. */
import * as tf from '@tensorflow/tfjs-core';
import type { Variant } from '../src';
import { type Limits, interleave } from './interleave';
import { type Contender, type Operands, type Pass, makeOperands, ourContenders, stockContender } from './passes';
import type { Row } from './results';
import { sampledError } from './spot_check';
import type { Workload } from './workloads';

/** What differs between backends. */
export interface Bench {
  backend: string;
  /** Brings an operand to where models have theirs. Default: as it is. */
  place?: (operand: tf.Tensor4D) => tf.Tensor4D;
  finish?: Limits['finish'];
  /** Whether the time of a part of the channels tells that of all; on a GPU it doesn't. */
  extrapolates?: boolean;
  /** Scratch memory of the calls since `reset`, where that is known. */
  scratch?: { readonly peakBytes: number; reset(): void };
  /** Elements of each result to check. Default: as ./spot_check has it. */
  samples?: number;
}

/** All rows of one pass of one layer: ours and stock. */
export function comparePass(
  bench: Bench,
  pass: Pass,
  workload: Workload,
  variants: readonly Variant[],
  limits: Pick<Limits, 'repeat' | 'budget'>,
): Promise<Row[]> {
  return compareContenders(
    bench,
    pass,
    workload,
    (operands) => [...ourContenders(pass, workload, operands, variants), stockContender(pass, workload, operands)],
    limits,
  );
}

/** All rows of one pass of one layer, of the contenders that are made for its operands. */
export async function compareContenders(
  { backend, place, finish, extrapolates, scratch, samples }: Bench,
  pass: Pass,
  workload: Workload,
  contendersFor: (operands: Operands) => Contender[],
  limits: Pick<Limits, 'repeat' | 'budget'>,
): Promise<Row[]> {
  const made = makeOperands(workload);
  const values = { x: made.x.dataSync(), filter: made.filter.dataSync(), dy: made.dy.dataSync() } as Record<
    'x' | 'filter' | 'dy',
    Float32Array
  >;
  const placed: Operands = place ? { x: place(made.x), filter: place(made.filter), dy: place(made.dy) } : made;
  const contenders = contendersFor(placed);
  if (!extrapolates) contenders.forEach((contender) => delete contender.reduced);
  const errors = new Map<Contender, number>();
  const scratchBytes = new Map<Contender, number>();
  scratch?.reset();
  const timings = await interleave(contenders, { ...limits, finish }, async (contender, result) => {
    if (scratch) scratchBytes.set(contender, scratch.peakBytes);
    errors.set(
      contender,
      sampledError(pass, workload.geometry, (await result.data()) as Float32Array, values, samples),
    );
    scratch?.reset();
  });
  tf.dispose([made.x, made.filter, made.dy, placed.x, placed.filter, placed.dy]);
  const stock = contenders.find(({ name }) => name === 'stock');
  return contenders.map((contender) => {
    const timing = timings.get(contender)!;
    return {
      backend,
      workload: workload.name,
      pass,
      contender: contender.name,
      ...timing,
      gflops: workload.flops / timing.ms / 1e6,
      ratio: stock && timings.get(stock)!.ms / timing.ms,
      error: errors.get(contender),
      scratchBytes: contender === stock ? undefined : scratchBytes.get(contender),
    };
  });
}
