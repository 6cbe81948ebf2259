// SPDX-License-Identifier: Apache-2.0
/**
 * Checkpoints of a training, the same in Node and in a page: named tensors in the safetensors format
 * (https://huggingface.co/docs/safetensors), which Python opens too. Eight bytes of length, a header in JSON, then the
 * values; what else a training has to remember stands in the header's `__metadata__`.
 */
import * as tf from '@tensorflow/tfjs';

/** What is remembered: tensors by name, and texts. */
export interface Checkpoint {
  readonly tensors: Readonly<Record<string, tf.Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  dtype: 'F32' | 'I32';
  shape: number[];
  data_offsets: [number, number];
}

const DTYPES = { float32: 'F32', int32: 'I32' } as const;

/** A checkpoint as the bytes of a file. */
export async function encodeCheckpoint({ tensors, metadata }: Checkpoint): Promise<Uint8Array<ArrayBuffer>> {
  const header: Record<string, Entry | Record<string, string>> = { __metadata__: { ...metadata } };
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const [name, tensor] of Object.entries(tensors)) {
    const dtype = DTYPES[tensor.dtype as keyof typeof DTYPES];
    if (!dtype) throw new Error(`checkpoint: ${name} is of type ${tensor.dtype}; only float32 and int32 are written`);
    const values = (await tensor.data()) as Float32Array | Int32Array;
    chunks.push(new Uint8Array(values.slice().buffer));
    header[name] = { dtype, shape: tensor.shape, data_offsets: [offset, (offset += values.byteLength)] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8; // Spaces, so that the values are aligned.
  const bytes = new Uint8Array(8 + padded + offset).fill(0x20, 8, 8 + padded);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  chunks.reduce((at, chunk) => (bytes.set(chunk, at), at + chunk.length), 8 + padded);
  return bytes;
}

/**
 * What {@link encodeCheckpoint} wrote; the tensors are the caller's to dispose of.
 *
 * @throws Error if the bytes are no checkpoint, are cut off, or its header does not fit its values: each tensor has the
 *   bytes that its shape needs, and all lie side by side from the first byte of the values to the last.
 */
export function decodeCheckpoint(bytes: Uint8Array, name = 'checkpoint'): Checkpoint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? Infinity : Number(view.getBigUint64(0, true));
  if (length > bytes.length - 8) throw new Error(`${name} is no safetensors file, or it is cut off in its header`);
  const header = parseHeader(bytes.subarray(8, 8 + length), name);
  const { __metadata__: metadata = {}, ...given } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string'))
    throw new Error(`${name}: __metadata__ must be an object of texts, but is ${JSON.stringify(metadata)}`);
  const values = bytes.subarray(8 + length);
  const entries = Object.entries(given).map(
    ([key, entry]) => [key, checkedEntry(entry, values.length, `${name}: ${key}`)] as const,
  );
  checkCover(entries, values.length, name);
  const tensors = Object.fromEntries(entries.map(([key, entry]) => [key, readTensor(entry, values)]));
  return { tensors, metadata: metadata as Record<string, string> };
}

/**
 * A whole number that a checkpoint remembers as a text.
 *
 * @throws Error if it remembers none of that name.
 */
export function wholeNumberOf({ metadata }: Checkpoint, key: string): number {
  const text = metadata[key];
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new Error(`The checkpoint's ${key} must be a whole number, but is ${JSON.stringify(text)}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseHeader(bytes: Uint8Array, name: string): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isRecord(header)) return header;
  } catch {
    // Said below.
  }
  throw new Error(`${name} is no safetensors file: its header is no JSON object`);
}

/** What the header says of a tensor, if it can be so. */
function checkedEntry(given: unknown, length: number, name: string): Entry {
  const { dtype, shape, data_offsets: offsets } = (isRecord(given) ? given : {}) as Partial<Entry>;
  if (dtype !== 'F32' && dtype !== 'I32')
    throw new Error(`${name} is of type ${JSON.stringify(dtype)}; only F32 and I32 are read`);
  if (!Array.isArray(shape) || !shape.every(isSize))
    throw new Error(`${name} must have a shape of whole numbers, 0 or more, but has ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize) || offsets[0] > offsets[1])
    throw new Error(
      `${name} must have as data_offsets its first byte and the one behind its last, but has ` +
        JSON.stringify(offsets),
    );
  const [from, to] = offsets;
  if (to > length) throw new Error(`${name} is cut off: it ends at byte ${to} of ${length}`);
  const needed = 4 * tf.util.sizeFromShape(shape);
  if (to - from !== needed) throw new Error(`${name} has ${to - from} bytes, but its shape [${shape}] needs ${needed}`);
  return { dtype, shape, data_offsets: [from, to] };
}

const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** @throws Error unless every byte of the values belongs to one tensor, as the format demands. */
function checkCover(entries: readonly (readonly [string, Entry])[], length: number, name: string): void {
  const inOrder = [...entries].sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || size(a) - size(b));
  let end = 0;
  let last = 'the header';
  for (const [key, { data_offsets: offsets }] of inOrder) {
    if (offsets[0] !== end)
      throw new Error(
        `${name}: ${key} begins at byte ${offsets[0]} of the values, but ${last} ends at ${end}; they must neither ` +
          'overlap nor leave a gap',
      );
    [end, last] = [offsets[1], key];
  }
  if (end !== length) throw new Error(`${name} has ${length} bytes of values, but ${last} ends at ${end}`);
}

const size = ({ data_offsets: [from, to] }: Entry): number => to - from;

function readTensor({ dtype, shape, data_offsets: [from, to] }: Entry, values: Uint8Array): tf.Tensor {
  const { buffer } = values.slice(from, to);
  return dtype === 'F32'
    ? tf.tensor(new Float32Array(buffer), shape, 'float32')
    : tf.tensor(new Int32Array(buffer), shape, 'int32');
}
