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
  dtype: string;
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
 * @throws Error if the bytes are no checkpoint, or are cut off.
 */
export function decodeCheckpoint(bytes: Uint8Array, name = 'checkpoint'): Checkpoint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? Infinity : Number(view.getBigUint64(0, true));
  if (length > bytes.length - 8) throw new Error(`${name} is no safetensors file, or it is cut off in its header`);
  const header = parseHeader(new TextDecoder().decode(bytes.subarray(8, 8 + length)), name);
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors: Record<string, tf.Tensor> = {};
  try {
    for (const [key, entry] of Object.entries(entries) as [string, Entry][])
      tensors[key] = readTensor(entry, bytes.subarray(8 + length), `${name}: ${key}`);
  } catch (error) {
    tf.dispose(tensors);
    throw error;
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

function parseHeader(text: string, name: string): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(text);
    if (header && typeof header === 'object') return header as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new Error(`${name} is no safetensors file: its header is no JSON object`);
}

function readTensor({ dtype, shape, data_offsets: [from, to] }: Entry, values: Uint8Array, name: string): tf.Tensor {
  if (dtype !== 'F32' && dtype !== 'I32') throw new Error(`${name} is of type ${dtype}; only F32 and I32 are read`);
  if (to > values.length) throw new Error(`${name} is cut off: it ends at byte ${to} of ${values.length}`);
  if (to - from !== 4 * tf.util.sizeFromShape(shape))
    throw new Error(
      `${name} has ${to - from} bytes, but its shape [${shape}] needs ${4 * tf.util.sizeFromShape(shape)}`,
    );
  const { buffer } = values.slice(from, to);
  return dtype === 'F32'
    ? tf.tensor(new Float32Array(buffer), shape, 'float32')
    : tf.tensor(new Int32Array(buffer), shape, 'int32');
}
