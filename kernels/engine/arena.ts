// SPDX-License-Identifier: Apache-2.0
/**
 * The memory of the WebAssembly engine: a stack of blocks that a call builds up and that ends with it. WebAssembly
 * memory never shrinks, so what has grown past `RETAINED_BYTES` is given up as a whole after the call.
 */
import type { Block } from './engine';

const PAGE = 65536;
/** What may be kept from one call to the next. */
export const RETAINED_BYTES = 64 * 1024 * 1024;
/** Addresses are 32-bit integers, signed in places: half of what WebAssembly could address. */
const MOST_BYTES = 2 ** 31 - PAGE;

/** Thrown when a call needs more memory than there is; the call can be made again on another engine. */
export class OutOfMemory extends Error {}

export class WasmBlock implements Block {
  constructor(
    private readonly arena: Arena,
    /** Address in bytes. */
    readonly address: number,
    readonly length: number,
  ) {}

  get values(): Float32Array {
    return this.arena.floats(this.address, this.length);
  }
}

export class Arena {
  readonly memory = new WebAssembly.Memory({ initial: 1 });
  private top = 16;
  private highest = 16;

  /** Room for `length` floats (or 32-bit integers), of unknown content, aligned to 16 bytes. */
  allocate(length: number): WasmBlock {
    const address = this.top;
    const end = address + Math.ceil(length / 4) * 16;
    // Programs read up to a vector past the end of what they are given.
    const needed = end + 64;
    if (needed > MOST_BYTES) throw new OutOfMemory(`${needed} bytes are more than the engine can address`);
    const missing = needed - this.memory.buffer.byteLength;
    if (missing > 0) {
      try {
        this.memory.grow(Math.ceil(missing / PAGE));
      } catch {
        throw new OutOfMemory(`WebAssembly memory cannot grow to ${needed} bytes`);
      }
    }
    this.top = end;
    this.highest = Math.max(this.highest, end);
    return new WasmBlock(this, address, length);
  }

  /** Runs `body` and then frees what it has allocated. */
  scoped(body: () => void): void {
    const top = this.top;
    body();
    this.top = top;
  }

  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  integers(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }

  /** Frees everything. Returns the most bytes that were in use since the last time. */
  reset(): number {
    const used = this.highest;
    this.top = this.highest = 16;
    return used;
  }

  /** All the memory, in use or not. */
  get bytes(): number {
    return this.memory.buffer.byteLength;
  }
}
