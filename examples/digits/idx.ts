// SPDX-License-Identifier: Apache-2.0
/**
 * IDX files, in which MNIST comes: http://yann.lecun.com/exdb/mnist. A magic number (0, 0, type, dimensions), a
 * big-endian size per dimension, then the elements. Files may be gzipped.
 */
import { DIGIT_SIZE, type Digits } from './generate';

/** Unsigned bytes with their shape. */
export interface Idx {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Parses an IDX file of unsigned bytes.
 *
 * @param name How messages call it.
 * @throws Error if it is no such file, or not as long as its sizes say.
 */
export function parseIdx(bytes: Uint8Array, name = 'IDX file'): Idx {
  if (bytes.length < 4) throw new Error(`${name} is no IDX file: it has ${bytes.length} bytes`);
  const [first, second, type, dimensions] = bytes;
  if (first !== 0 || second !== 0 || dimensions === 0)
    throw new Error(
      `${name} is no IDX file: it begins with ${[...bytes.subarray(0, 4)]}, not with 0,0,type,dimensions`,
    );
  if (type !== UNSIGNED_BYTE)
    throw new Error(
      `${name} holds elements of type 0x${type.toString(16).padStart(2, '0')}; only unsigned bytes (0x08) are read`,
    );
  const header = 4 + 4 * dimensions;
  if (bytes.length < header)
    throw new Error(`${name} is truncated: its header needs ${header} bytes, it has ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: dimensions }, (_, n) => view.getUint32(4 + 4 * n));
  const size = shape.reduce((a, b) => a * b, 1);
  if (bytes.length !== header + size) {
    const how = bytes.length < header + size ? 'truncated' : 'too long';
    throw new Error(`${name} is ${how}: [${shape}] needs ${header + size} bytes, it has ${bytes.length}`);
  }
  return { shape, data: bytes.subarray(header) };
}

/** The parts of MNIST, as its files are called. */
export type MnistPart = 'train' | 't10k';

/**
 * Loads MNIST's images and labels from a folder (in Node) or from the address of one.
 *
 * @param from A path, or a URL; the files are `train-images-idx3-ubyte` and so on, also with `.gz`.
 * @throws Error if a file is missing, is no IDX file, or images and labels do not belong together.
 */
export async function loadMnist(from: string, part: MnistPart = 'train'): Promise<Digits> {
  const [imagesName, labelsName] = [`${part}-images-idx3-ubyte`, `${part}-labels-idx1-ubyte`];
  const images = parseIdx(await read(from, imagesName), imagesName);
  const labels = parseIdx(await read(from, labelsName), labelsName);
  const [count, height, width] = images.shape;
  if (images.shape.length !== 3 || height !== DIGIT_SIZE || width !== DIGIT_SIZE)
    throw new Error(
      `${imagesName} must hold images of ${DIGIT_SIZE}×${DIGIT_SIZE}, but its shape is [${images.shape}]`,
    );
  if (labels.shape.length !== 1 || labels.shape[0] !== count)
    throw new Error(
      `${labelsName} must hold ${count} labels, as ${imagesName} has images, but its shape is [${labels.shape}]`,
    );
  const wrong = labels.data.find((label) => label > 9);
  if (wrong !== undefined) throw new Error(`${labelsName} holds a label ${wrong}; labels are 0 to 9`);
  return { images: Float32Array.from(images.data, (value) => value / 255), labels: labels.data.slice() };
}

async function read(from: string, name: string): Promise<Uint8Array> {
  const tried: string[] = [];
  for (const file of [name, `${name}.gz`]) {
    const path = `${from.replace(/\/$/, '')}/${file}`;
    const bytes = /^https?:/.test(from) ? await fetched(path) : await readIfThere(path);
    if (bytes) return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzip(bytes, file) : bytes;
    tried.push(path);
  }
  throw new Error(`MNIST: there is no ${tried.join(' and no ')}`);
}

async function fetched(url: string): Promise<Uint8Array | undefined> {
  const response = await fetch(url);
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  const { readFile } = await import('node:fs/promises');
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function gunzip(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  try {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Error(`${name} is a broken gzip file`);
  }
}
