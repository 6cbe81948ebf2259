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
/** The largest file that is read, inflated: almost three times MNIST's largest. */
const MOST_BYTES = 2 ** 27;
/** Of 255 dimensions. */
const LONGEST_HEADER = 4 + 4 * 255;

/**
 * Parses an IDX file of unsigned bytes.
 *
 * @param name How messages call it.
 * @throws Error if it is no such file, is larger than 128 MiB, or not as long as its sizes say.
 */
export function parseIdx(bytes: Uint8Array, name = 'IDX file'): Idx {
  const header = readHeader(bytes, name);
  if (header === undefined) throw truncated(bytes, name);
  const { shape, begin, end } = header;
  if (bytes.length !== end) {
    const how = bytes.length < end ? 'truncated' : 'too long';
    throw new Error(`${name} is ${how}: [${shape}] needs ${end} bytes, it has ${bytes.length}`);
  }
  return { shape, data: bytes.subarray(begin) };
}

interface Header {
  readonly shape: readonly number[];
  /** Where the elements begin and end. */
  readonly begin: number;
  readonly end: number;
}

/** The header of an IDX file that may not be here in full: `undefined` if its sizes are not yet. */
function readHeader(bytes: Uint8Array, name: string): Header | undefined {
  if (bytes.length < 4) return undefined;
  const [first, second, type, dimensions] = bytes;
  if (first !== 0 || second !== 0 || dimensions === 0)
    throw new Error(
      `${name} is no IDX file: it begins with ${[...bytes.subarray(0, 4)]}, not with 0,0,type,dimensions`,
    );
  if (type !== UNSIGNED_BYTE)
    throw new Error(
      `${name} holds elements of type 0x${type.toString(16).padStart(2, '0')}; only unsigned bytes (0x08) are read`,
    );
  const begin = 4 + 4 * dimensions;
  if (bytes.length < begin) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: dimensions }, (_, n) => view.getUint32(4 + 4 * n));
  const end = begin + shape.reduce((a, b) => a * b, 1);
  if (end > MOST_BYTES)
    throw new Error(`${name} is too large: [${shape}] needs ${end} bytes; at most ${MOST_BYTES} are read`);
  return { shape, begin, end };
}

/** That a file ends in its header. */
function truncated(bytes: Uint8Array, name: string): Error {
  if (bytes.length < 4) return new Error(`${name} is no IDX file: it has ${bytes.length} bytes`);
  return new Error(`${name} is truncated: its header needs ${4 + 4 * bytes[3]} bytes, it has ${bytes.length}`);
}

/** The parts of MNIST, as its files are called. */
export type MnistPart = 'train' | 't10k';

/**
 * Loads MNIST's images and labels from a folder (in Node) or from the address of one.
 *
 * @param from A path, or a URL; the files are `train-images-idx3-ubyte` and so on, also with `.gz`.
 * @throws Error if a file is missing, is no IDX file, holds no images or more than 128 MiB, or images and labels do not
 *   belong together. A file is read no further than its header says that it goes, gzipped or not.
 */
export async function loadMnist(from: string, part: MnistPart = 'train'): Promise<Digits> {
  const [imagesName, labelsName] = [`${part}-images-idx3-ubyte`, `${part}-labels-idx1-ubyte`];
  const images = await load(from, imagesName);
  const labels = await load(from, labelsName);
  const [count, height, width] = images.shape;
  if (images.shape.length !== 3 || height !== DIGIT_SIZE || width !== DIGIT_SIZE)
    throw new Error(
      `${imagesName} must hold images of ${DIGIT_SIZE}×${DIGIT_SIZE}, but its shape is [${images.shape}]`,
    );
  if (count === 0)
    throw new Error(`${imagesName} must hold images, but its shape is [${images.shape}]: there are none`);
  if (labels.shape.length !== 1 || labels.shape[0] !== count)
    throw new Error(
      `${labelsName} must hold ${count} labels, as ${imagesName} has images, but its shape is [${labels.shape}]`,
    );
  const wrong = labels.data.find((label) => label > 9);
  if (wrong !== undefined) throw new Error(`${labelsName} holds a label ${wrong}; labels are 0 to 9`);
  return { images: Float32Array.from(images.data, (value) => value / 255), labels: labels.data.slice() };
}

type Stream = ReadableStream<Uint8Array>;

/** The IDX file of that name, gzipped or not. */
async function load(from: string, name: string): Promise<Idx> {
  const tried: string[] = [];
  for (const file of [name, `${name}.gz`]) {
    const path = `${from.replace(/\/$/, '')}/${file}`;
    const bytes = /^https?:/.test(from) ? await fetched(path, file) : await readIfThere(path, file);
    if (bytes) return parseIdx(bytes[0] === 0x1f && bytes[1] === 0x8b ? await gunzip(bytes, file) : bytes, file);
    tried.push(path);
  }
  throw new Error(`MNIST: there is no ${tried.join(' and no ')}`);
}

async function fetched(url: string, name: string): Promise<Uint8Array | undefined> {
  const response = await fetch(url);
  if (!response.ok || !response.body) return undefined;
  return collect(response.body, `${name} could not be fetched to its end`, (_, length) => checkSize(length, name));
}

async function readIfThere(path: string, name: string): Promise<Uint8Array | undefined> {
  const { readFile, stat } = await import('node:fs/promises');
  try {
    checkSize((await stat(path)).size, name);
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A few hundred kilobytes of gzip inflate to gigabytes if they are let: to what the IDX header asks for, no more. */
function gunzip(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
  return collect(stream, `${name} is a broken gzip file`, (start, length) => {
    const header = readHeader(start, name);
    if (header !== undefined && length > header.end)
      throw new Error(
        `${name} is too long: [${header.shape}] needs ${header.end} bytes, but it inflates to ${length} or more`,
      );
  });
}

function checkSize(bytes: number, name: string): void {
  if (bytes > MOST_BYTES)
    throw new Error(`${name} is too large: it has ${bytes} bytes or more; at most ${MOST_BYTES} are read`);
}

/**
 * All that a stream holds, unless `check` throws: it is told the first bytes and the length of what has come so far,
 * and nothing more is taken then.
 *
 * @param broken What to say of a stream that breaks off.
 */
async function collect(
  stream: Stream,
  broken: string,
  check: (start: Uint8Array, length: number) => void,
): Promise<Uint8Array> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let [start, length] = [new Uint8Array(), 0];
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new Error(broken, { cause });
      });
      if (done) return joined(chunks, length);
      chunks.push(value);
      length += value.length;
      if (start.length < LONGEST_HEADER) start = joined([start, value], start.length + value.length);
      check(start, length);
    }
  } finally {
    await reader.cancel().catch(() => undefined); // It may have broken already.
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  chunks.reduce((at, chunk) => (bytes.set(chunk, at), at + chunk.length), 0);
  return bytes;
}
