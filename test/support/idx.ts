// SPDX-License-Identifier: Apache-2.0
/** IDX files for tests. */

/** The bytes of an IDX file of unsigned bytes. */
export function idx(shape: number[], data: Uint8Array): Uint8Array {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = 8;
  header[3] = shape.length;
  shape.forEach((size, n) => header.writeUInt32BE(size, 4 + 4 * n));
  return Uint8Array.from(Buffer.concat([header, data]));
}
