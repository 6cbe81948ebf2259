// SPDX-License-Identifier: Apache-2.0
/**
 * One pass of one layer: all contenders timed in turn, every result checked. Runs in Node and in a page, on the backend
 * that is set.
 */
import { type ScratchMeter, descriptorOf } from '../src/contract';
import type { Field } from './field';
import { asUsersHaveIt, waitForAnyGPU } from './gpu';
import { type Limits, interleave } from './interleave';
import { disposeOperands, makeOperands, makeValues } from './operands';
import type { Contender, Pass } from './passes';
import type { Row } from './results';
import { sampledError } from './spot_check';
import type { Workload } from './workloads';

/** What differs between backends. */
export interface Bench {
  backend: string;
  /** Brings an operand to where models have theirs. Default: as it is. */
  place?: typeof asUsersHaveIt;
  finish?: Limits['finish'];
  /** Whether the time of a part of the channels tells that of all; on a GPU it doesn't. */
  extrapolates?: boolean;
  /** Scratch memory of the calls since `reset`, where that is known. */
  scratch?: ScratchMeter;
  /** Elements of each result to check. Default: as ./spot_check has it. */
  samples?: number;
}

/** How a backend is measured. One without kernels of ours is taken for a GPU, which does no harm if it is none. */
export function benchOn(backend: string): Bench {
  const descriptor = descriptorOf(backend);
  return descriptor?.runsOn === 'cpu'
    ? { backend, extrapolates: true, scratch: descriptor.scratch }
    : { backend, place: asUsersHaveIt, finish: waitForAnyGPU };
}

/** All rows of one pass of one layer, of the contenders of a field. */
export async function comparePass(
  { backend, place, finish, extrapolates, scratch, samples }: Bench,
  pass: Pass,
  workload: Workload,
  field: Pick<Field, 'contenders'>,
  limits: Pick<Limits, 'repeat' | 'budget'>,
): Promise<Row[]> {
  const values = makeValues(workload);
  const operands = makeOperands(workload, values, place);
  const contenders = field.contenders(operands);
  if (!extrapolates) contenders.forEach((contender) => delete contender.reduced);
  const errors = new Map<Contender, number>();
  const scratchBytes = new Map<Contender, number>();
  scratch?.reset();
  const timings = await interleave(contenders, { ...limits, finish }, async (contender, result) => {
    if (scratch) scratchBytes.set(contender, scratch.peakBytes);
    const computed = (await result.data()) as Float32Array;
    errors.set(contender, sampledError(pass, workload.geometry, computed, values, samples));
    scratch?.reset();
  });
  disposeOperands(operands);
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
