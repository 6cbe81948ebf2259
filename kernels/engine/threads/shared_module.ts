// SPDX-License-Identifier: Apache-2.0
/**
 * The engine's module for a shared memory. A module says of the memory that it imports whether it is shared, and how
 * large it may be; else the two are the same, so one is made from the other. Sections of a module are
 *
 *     id  bytes  content        imports: 2  bytes  count  name… name…  2 (memory)  limits: 0 least, or 3 least most
 *
 * (WebAssembly, core specification, 5.5; numbers are LEB128.)
 */
const IMPORTS = 2;
/** `(import "env" "memory" (memory 0 65536 shared))`: one import; names with their lengths. */
const SHARED_MEMORY = [1, 3, ...bytesOf('env'), 6, ...bytesOf('memory'), 2, 3, 0, 0x80, 0x80, 4];
const HEADER_BYTES = 8;

/** @param bytes A module that imports a memory and nothing else. */
export function sharing(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  let at = HEADER_BYTES;
  while (bytes[at] !== IMPORTS) at = sectionEnd(bytes, at);
  const shared = [IMPORTS, SHARED_MEMORY.length, ...SHARED_MEMORY];
  return Uint8Array.from([...bytes.subarray(0, at), ...shared, ...bytes.subarray(sectionEnd(bytes, at))]);
}

function sectionEnd(bytes: Uint8Array, at: number): number {
  let [length, shift] = [0, 0];
  let byte: number;
  do {
    byte = bytes[++at];
    length |= (byte & 127) << shift;
    shift += 7;
  } while (byte & 128);
  return at + 1 + length;
}

function bytesOf(name: string): number[] {
  return Array.from(name, (char) => char.charCodeAt(0));
}
