// SPDX-License-Identifier: Apache-2.0
/** Operands copied to the engine's memory, for programs that work on copies. */
import type { Addresses, Program } from './draft';
import type { Memory } from './memory';

/**
 * Where the blocks of a program lie whose scratch memory begins at an address: room for them is made.
 * @throws OutOfMemory if there can't be enough
 */
export function makeRoom({ copies, bytes }: Program, memory: Memory, scratch: number): Addresses {
  memory.reserve(scratch + bytes);
  const { first, second = 0, out } = copies!;
  return { first: scratch + first, second: scratch + second, out: scratch + out, scratch };
}

/** Copies operands in; but not a filter that passes through in chunks. */
export function copyIn(
  { copies }: Program,
  { floats }: Memory,
  at: Addresses,
  first: Float32Array,
  second: Float32Array,
): void {
  floats.set(first, at.first >> 2);
  if (copies!.second !== undefined) floats.set(second, at.second >> 2);
}

/** A view of the result. */
export function resultAt({ floats }: Memory, at: Addresses, length: number): Float32Array {
  return floats.subarray(at.out >> 2, (at.out >> 2) + length);
}
