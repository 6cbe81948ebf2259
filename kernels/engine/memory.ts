// SPDX-License-Identifier: Apache-2.0
/**
 * The memory of the SIMD engine: who lies where is worked out ahead of a call (`Layout`), and there is one memory for
 * all calls.
 */

const PAGE = 65536;
/** Addresses are 32-bit integers, signed in places: half of what WebAssembly could address. */
export const MOST_BYTES = 2 ** 31 - PAGE;
/** Programs read up to a vector past the end of what they are given. */
export const READ_PAST_END = 64;

/** Thrown when a call needs more memory than there is; the call can be made again on another engine. */
export class OutOfMemory extends Error {}

/** Hands out addresses, from 0 on, aligned to 16 bytes. What a scope has allocated is free after it. */
export class Layout {
  private top = 0;
  private highest = 0;

  /** The address of room for `length` floats, or integers of 32 bits. */
  allocate(length: number): number {
    const address = this.top;
    this.top += Math.ceil(length / 4) * 16;
    this.highest = Math.max(this.highest, this.top);
    return address;
  }

  /** Runs `body`, then frees what it has allocated. */
  scoped(body: () => void): void {
    const { top } = this;
    body();
    this.top = top;
  }

  /** The address of room for `length` words behind all that was ever allocated. */
  allocateLast(length: number): number {
    this.top = this.highest;
    return this.allocate(length);
  }

  /** Bytes that memory must have. */
  get bytes(): number {
    return this.highest + READ_PAST_END;
  }
}

/** WebAssembly memory with views of it, which go stale whenever it grows. */
export class Memory {
  floats!: Float32Array;
  integers!: Int32Array;
  bytes = 0;

  constructor(readonly wasm: WebAssembly.Memory) {
    this.renew();
  }

  /** Makes the views anew if the memory has grown. */
  renew(): void {
    const { buffer } = this.wasm;
    if (this.floats?.buffer === buffer) return;
    this.floats = new Float32Array(buffer);
    this.integers = new Int32Array(buffer);
    this.bytes = buffer.byteLength;
  }

  /** Makes sure that there are so many bytes. @throws OutOfMemory if there cannot be. */
  reserve(bytes: number): void {
    const missing = bytes - this.bytes;
    if (missing <= 0) return;
    if (bytes > MOST_BYTES) throw new OutOfMemory(`${bytes} bytes are more than the engine can address`);
    try {
      this.wasm.grow(Math.ceil(missing / PAGE));
    } catch {
      throw new OutOfMemory(`WebAssembly memory cannot grow to ${bytes} bytes`);
    }
    this.renew();
  }
}
