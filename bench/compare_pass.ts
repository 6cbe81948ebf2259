// SPDX-License-Identifier: Apache-2.0
/**
 * One pass of one layer: all contenders timed in turn, every result checked. Runs in Node and in a page, on the backend
 * that is set.
 */
import { type ScratchMeter, descriptorOf } from '../src/contract';
import type { Field } from './field';
import { type Limits, type Runner, type Timing, interleave } from './interleave';
import { disposeOperands, makeOperands, makeValues } from './operands';
import { type Pass, runnerOf } from './passes';
import type { Row } from './results';
import { sampledError } from './spot_check';
import type { Workload } from './workloads';

/** What differs between backends. */
export interface Bench {
  backend: string;
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
  return descriptor?.runsOn === 'cpu' ? { backend, extrapolates: true, scratch: descriptor.scratch } : { backend };
}

/** All rows of one pass of one layer, of the contenders of a field. */
export async function comparePass(
  { backend, extrapolates, scratch, samples }: Bench,
  pass: Pass,
  workload: Workload,
  field: Pick<Field, 'contenders'>,
  limits: Pick<Limits, 'repeat' | 'budget' | 'least' | 'compiles'>,
): Promise<Row[]> {
  const values = makeValues(workload);
  const operands = makeOperands(workload, values);
  const contenders = field.contenders(operands);
  if (!extrapolates) contenders.forEach((contender) => delete contender.reduced);
  const errors = new Map<string, number>();
  const scratchBytes = new Map<string, number>();
  const inspect = ({ name }: Runner, computed: Float32Array): void => {
    if (scratch) scratchBytes.set(name, scratch.peakBytes);
    errors.set(name, sampledError(pass, workload.geometry, computed, values, samples));
  };
  const runners = contenders.map((contender) => ({ ...runnerOf(contender), prepare: () => scratch?.reset() }));
  const timings = new Map<string, Timing>();
  for (const [{ name }, timing] of await interleave(runners, limits, { inspect })) timings.set(name, timing);
  disposeOperands(operands);
  const stock = timings.get('stock');
  return contenders.map(({ name, took }) => {
    const timing = timings.get(name)!;
    return {
      backend,
      workload: workload.name,
      pass,
      contender: name,
      ...(took && { took }),
      ...timing,
      gflops: workload.flops / timing.ms / 1e6,
      ratio: stock && stock.ms / timing.ms,
      error: errors.get(name),
      scratchBytes: timing === stock ? undefined : scratchBytes.get(name),
    };
  });
}
