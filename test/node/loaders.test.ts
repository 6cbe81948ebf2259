// SPDX-License-Identifier: Apache-2.0
/** Files that are broken, or made to do harm: what the examples read of a user refuses them by name. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { layersOfModelJson } from '../../examples/compare/model_json';
import { parseOwnLayer } from '../../examples/compare/own_layer';
import { Vae } from '../../examples/decoder/vae';
import { loadMnist, parseIdx } from '../../examples/digits/idx';
import { Gan } from '../../examples/gan/gan';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../examples/training/checkpoint';
import { idx } from '../support/idx';

const MiB = 2 ** 20;

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

describe('safetensors', () => {
  /** A file with so many bytes of values and a header of its own. */
  const file = (header: unknown, bytes: number): Uint8Array => {
    const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Uint8Array.from(Buffer.concat([length, text, Buffer.alloc(bytes)]));
  };
  const entry = (offsets: unknown, shape: unknown = [2], dtype: unknown = 'F32'): object => ({
    dtype,
    shape,
    data_offsets: offsets,
  });
  const overlapping = { a: entry([0, 8]), b: entry([4, 12]) };

  const wrong: [string, unknown, number, RegExp][] = [
    ['negative offsets', { a: entry([-8, 0]) }, 8, /f: a must have as data_offsets .* but has \[-8,0\]/],
    ['fractional offsets', { a: entry([0.5, 8.5]) }, 16, /f: a must have as data_offsets .* has \[0\.5,8\.5\]/],
    ['null offsets', { a: entry([null, null]) }, 8, /f: a must have as data_offsets .* has \[null,null\]/],
    ['no offsets', { a: { dtype: 'F32', shape: [2] } }, 8, /f: a must have as data_offsets .* has undefined/],
    ['texts for offsets', { a: entry(['0', '8']) }, 8, /f: a must have as data_offsets .* has \["0","8"\]/],
    ['one offset', { a: entry([0]) }, 8, /f: a must have as data_offsets .* has \[0\]/],
    ['offsets in the wrong order', { a: entry([8, 0]) }, 8, /f: a must have as data_offsets .* has \[8,0\]/],
    ['offsets beyond the file', { a: entry([0, 8]) }, 4, /f: a is cut off: it ends at byte 8 of 4/],
    ['huge offsets', { a: entry([0, 1e300]) }, 4, /f: a must have as data_offsets .* has \[0,1e\+300\]/],
    ['overlapping tensors', overlapping, 12, /f: b begins at byte 4 of the values, but a ends at 8; .*overlap/],
    ['the same bytes twice', { a: entry([0, 8]), b: entry([0, 8]) }, 8, /f: b begins at byte 0 .* a ends at 8/],
    ['a gap', { a: entry([0, 8]), b: entry([12, 20]) }, 20, /f: b begins at byte 12 .* a ends at 8; .*gap/],
    ['values that no tensor has', { a: entry([0, 8]) }, 12, /f has 12 bytes of values, but a ends at 8/],
    ['values and no tensor', {}, 12, /f has 12 bytes of values, but the header ends at 0/],
    ['too few bytes for a shape', { a: entry([0, 8], [3]) }, 8, /f: a has 8 bytes, but its shape \[3\] needs 12/],
    ['a negative shape', { a: entry([0, 8], [-1, -2]) }, 8, /f: a must have a shape .* but has \[-1,-2\]/],
    ['a fractional shape', { a: entry([0, 8], [0.5, 4]) }, 8, /f: a must have a shape .* but has \[0\.5,4\]/],
    ['a shape beyond all numbers', { a: entry([0, 8], Array(40).fill(2 ** 50)) }, 8, /f: a has 8 bytes, but .* needs/],
    ['no shape', { a: entry([0, 8], null) }, 8, /f: a must have a shape .* but has null/],
    ['a type that is not read', { a: entry([0, 8], [1], 'F64') }, 8, /f: a is of type "F64"; only F32 and I32/],
    ['a type of no sense', { a: entry([0, 8], [2], { x: 1 }) }, 8, /f: a is of type \{"x":1\}/],
    ['null for a tensor', { a: null }, 0, /f: a is of type undefined/],
    ['an array for a header', [entry([0, 8])], 8, /f is no safetensors file: its header is no JSON object/],
    ['metadata of no sense', { __metadata__: { step: 3 } }, 0, /f: __metadata__ must be an object of texts/],
    ['an array for metadata', { __metadata__: ['x'] }, 0, /f: __metadata__ must be an object of texts/],
  ];
  for (const [what, header, bytes, message] of wrong) {
    it(`with ${what} are refused, and leave nothing behind`, () => {
      const before = tf.memory().numTensors;
      expect(() => decodeCheckpoint(file(header, bytes), 'f')).toThrow(message);
      expect(tf.memory().numTensors).toBe(before);
    });
  }

  it('whose header is longer than any file are refused', () => {
    const bytes = file({}, 0).fill(0xff, 0, 8);
    expect(() => decodeCheckpoint(bytes, 'f')).toThrow('f is no safetensors file, or it is cut off in its header');
  });

  it('may have tensors in any order, empty ones, and any names', () => {
    const tensors = `{"b":${JSON.stringify(entry([8, 16]))},"__proto__":${JSON.stringify(entry([0, 8]))}`;
    const { tensors: found } = decodeCheckpoint(file(`${tensors},"e":${JSON.stringify(entry([8, 8], [0]))}}`, 16));
    expect(Object.keys(found)).toEqual(['b', '__proto__', 'e']);
    tf.dispose(Object.values(found));
  });

  describe.each([
    { kind: 'vae', make: () => new Vae(1), restored: (c: Checkpoint): Promise<Vae | Gan> => Vae.restored(c) },
    { kind: 'gan', make: () => new Gan('dcgan', 1), restored: (c: Checkpoint): Promise<Vae | Gan> => Gan.restored(c) },
  ])('of a training of a $kind', ({ make, restored }) => {
    const bent: [string, (given: Checkpoint) => Checkpoint, RegExp][] = [
      ['no step', ({ tensors, metadata: { kind, seed } }) => ({ tensors, metadata: { kind, seed } }), /step must be/],
      ['a step of no sense', (c) => ({ ...c, metadata: { ...c.metadata, step: '-1e3' } }), /step must be .* "-1e3"/],
      ['a seed of no sense', (c) => ({ ...c, metadata: { ...c.metadata, seed: '' } }), /seed must be .* ""/],
      ['weights of integers', (c) => changed(c, /\w\/0$/, (t) => tf.cast(t, 'int32')), /weight 0 .* of int32/],
      ['a moment too many', (c) => added(c, 'adam/1', tf.zeros([1])), /Adam's moments do not fit/],
    ];
    for (const [what, bend, message] of bent) {
      it(`are refused with ${what}`, async () => {
        const own = make();
        const checkpoint = await own.save();
        const before = tf.memory().numTensors;
        const given = bend(checkpoint);
        await expect(restored(given)).rejects.toThrow(message);
        const made = Object.values(given.tensors).filter((t) => !Object.values(checkpoint.tensors).includes(t));
        tf.dispose(made);
        expect(tf.memory().numTensors).toBe(before);
        own.dispose();
      });
    }

    it('are taken when nothing is bent', async () => {
      const own = make();
      const checkpoint = decodeCheckpoint(await encodeCheckpoint(await own.save()));
      const back = await restored(checkpoint);
      expect(back.step).toBe(0);
      tf.dispose(checkpoint.tensors);
      [own, back].forEach((training) => training.dispose());
    });
  });

  function changed(c: Checkpoint, which: RegExp, change: (tensor: tf.Tensor) => tf.Tensor): Checkpoint {
    const entries = Object.entries(c.tensors).map(([name, t]) => [name, which.test(name) ? change(t) : t] as const);
    return { ...c, tensors: Object.fromEntries(entries) };
  }

  function added(c: Checkpoint, name: string, tensor: tf.Tensor): Checkpoint {
    const network = Object.keys(c.tensors)[0].split('/')[0];
    return { ...c, tensors: { ...c.tensors, [`${network}/${name}`]: tensor } };
  }
});

describe('IDX', () => {
  const folder = mkdtempSync(join(tmpdir(), 'loaders-'));
  const put = (name: string, bytes: Uint8Array): void => writeFileSync(join(folder, name), bytes);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('files that claim more than is read are refused before they are', () => {
    const huge = idx([0xffffffff, 28, 28], new Uint8Array(9));
    expect(() => parseIdx(huge, 'f')).toThrow(
      /f is too large: \[4294967295,28,28\] needs \d+ bytes; at most 134217728/,
    );
    const all = idx(Array<number>(255).fill(0xffffffff), new Uint8Array());
    expect(() => parseIdx(all, 'f')).toThrow(/f is too large: .* needs Infinity bytes/);
  });

  it('files without images are refused', async () => {
    put('train-images-idx3-ubyte', idx([0, 28, 28], new Uint8Array()));
    put('train-labels-idx1-ubyte', idx([0], new Uint8Array()));
    await expect(loadMnist(folder)).rejects.toThrow(
      'train-images-idx3-ubyte must hold images, but its shape is [0,28,28]: there are none',
    );
  });

  describe('gzip bombs', () => {
    /** 256 MiB of zeros behind a header, in 256 KB. */
    const bomb = (header: Uint8Array): Uint8Array => gzipSync(Buffer.concat([header, Buffer.alloc(256 * MiB)]));
    const Inflate = globalThis.DecompressionStream;
    let inflated = 0;

    beforeAll(() => {
      /** Counts what is taken of it. */
      class Counting extends Inflate {
        private readonly counted = super.readable.pipeThrough(
          new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
            transform: (chunk, controller) => {
              inflated += chunk.length;
              controller.enqueue(chunk);
            },
          }),
        );

        override get readable(): typeof this.counted {
          return this.counted;
        }
      }
      globalThis.DecompressionStream = Counting as typeof Inflate;
    });
    afterAll(() => void (globalThis.DecompressionStream = Inflate));

    const bombs: [string, Uint8Array, RegExp, number][] = [
      ['more than its header says', idx([3, 28, 28], new Uint8Array()), /\.gz is too long: \[3,28,28\] needs 2368/, 2],
      ['an IDX header of gigabytes', idx([2e6, 28, 28], new Uint8Array()), /\.gz is too large: \[2000000,28/, 2],
      ['no IDX file', Uint8Array.of(7, 7, 7, 7), /\.gz is no IDX file: it begins with 7,7,7,7/, 2],
      ['all that is allowed, and more', idx([2 ** 26], new Uint8Array()), /\.gz is too long: \[67108864\]/, 66],
    ];
    for (const [what, header, message, most] of bombs) {
      it(`that inflate to ${what} are stopped there`, async () => {
        rmSync(join(folder, 'train-images-idx3-ubyte'), { force: true });
        const packed = bomb(header);
        expect(packed.length).toBeLessThan(MiB);
        put('train-images-idx3-ubyte.gz', packed);
        inflated = 0;
        await expect(loadMnist(folder)).rejects.toThrow(message);
        expect(inflated).toBeGreaterThan(0);
        expect(inflated).toBeLessThan(most * MiB);
      }, 60_000);
    }
  });
});

describe('a model.json', () => {
  const graph = (node: object, shape: unknown = [3, 3, 2, 4]): string =>
    JSON.stringify({
      modelTopology: { node: [null, 7, { op: 'Conv2DBackpropInput', name: 'up', input: ['s', 'w', 'x'], ...node }] },
      weightsManifest: [null, { weights: 3 }, { weights: [null, { name: 'w', shape }] }],
    });

  it('with nonsense beside its nodes is read', async () => {
    const { layers } = await layersOfModelJson(graph({ attr: null }));
    expect(layers).toHaveLength(1);
    expect(layers[0]).toMatchObject({ name: 'up', inChannels: 4, outChannels: 2, strideHeight: 1, pad: 'same' });
  });

  const wrong: [string, string, RegExp][] = [
    ['a filter of no shape', graph({}, null), /The filter of up is not among the model's weights with a shape/],
    ['a filter of rank 2', graph({}, [3, 3]), /The filter of up is not among the model's weights with a shape/],
    ['no input', graph({ input: 5 }), /The filter of up is not among/],
    ['a filter of texts', graph({}, ['a', 'b', 'c', 'd']), /The layer up of this model is impossible: x must have/],
    ['a negative filter', graph({}, [-3, 3, 2, 4]), /The layer up of this model is impossible: filter must have/],
    [
      'strides of no sense',
      graph({ attr: { strides: { list: { i: ['x'] } } } }),
      /up of this model is impossible: strid/,
    ],
    [
      'a stride of 1e9',
      graph({ attr: { strides: { list: { i: [1, 1e9, 1e9, 1] } } } }),
      /up of this model is impossible/,
    ],
    ['a pad of no sense', graph({ attr: { padding: { s: '%%' } } }), /The padding of up must be SAME or VALID .* "%%"/],
    [
      'an explicit pad',
      graph({ attr: { padding: { s: btoa('EXPLICIT') } } }),
      /The padding of up must be SAME or VALID/,
    ],
    ['null', 'null', /This file is no model.json/],
    ['an array', '[1]', /This file is no model.json/],
  ];
  for (const [what, text, message] of wrong) {
    it(`with ${what} is refused`, () => expect(layersOfModelJson(text)).rejects.toThrow(message));
  }
});

it('layers in an address that are no whole numbers are left out', () => {
  const good = 'own:1.16.16.32.16.4.4.2.2.1.1.1.0.0.same';
  expect(parseOwnLayer(good)).toBeDefined();
  for (const part of ['', '-1', '1e99', '0x10', 'NaN', '1 ', '9999999999'])
    expect(parseOwnLayer(good.replace('.16.16.', `.${part}.16.`))).toBeUndefined();
  expect(parseOwnLayer(good.replace('same', '9999999999'))).toBeUndefined();
});
