// SPDX-License-Identifier: Apache-2.0
/** The data of the examples: digits that are made, and MNIST's files, of which small ones are written here. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DIGIT_SIZE, makeDigits } from '../../examples/digits/generate';
import { loadMnist, parseIdx } from '../../examples/digits/idx';
import { idx } from '../support/idx';

const PIXELS = DIGIT_SIZE * DIGIT_SIZE;

describe('IDX files', () => {
  const good = idx([2, 3], Uint8Array.of(1, 2, 3, 4, 5, 6));

  it('give their shape and elements', () => {
    const { shape, data } = parseIdx(good);
    expect(shape).toEqual([2, 3]);
    expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  const wrong: [string, Uint8Array, RegExp][] = [
    ['truncated', good.subarray(0, -1), /f is truncated: \[2,3\] needs 18 bytes, it has 17/],
    ['too long', Uint8Array.of(...good, 0), /f is too long: \[2,3\] needs 18 bytes, it has 19/],
    ['truncated in their header', good.subarray(0, 9), /f is truncated: its header needs 12 bytes, it has 9/],
    ['empty', new Uint8Array(), /f is no IDX file: it has 0 bytes/],
    ['something else', Uint8Array.of(60, 104, 116, 109, 108), /f is no IDX file: it begins with 60,104,116,109/],
    ['of floats', Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 0), /f holds elements of type 0x0d; only unsigned bytes/],
  ];
  for (const [what, bytes, message] of wrong) {
    it(`are refused when they are ${what}`, () => expect(() => parseIdx(bytes, 'f')).toThrow(message));
  }
});

describe('MNIST', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mnist-'));
  let server: Server;
  let url = '';
  const pixels = Uint8Array.from({ length: 3 * PIXELS }, (_, n) => n % 256);

  beforeAll(async () => {
    writeFileSync(join(folder, 'train-images-idx3-ubyte'), idx([3, 28, 28], pixels));
    writeFileSync(join(folder, 'train-labels-idx1-ubyte.gz'), gzipSync(idx([3], Uint8Array.of(7, 0, 9))));
    writeFileSync(join(folder, 't10k-images-idx3-ubyte'), idx([3, 28, 28], pixels));
    server = createServer((request, response) => {
      const images = request.url === '/mnist/train-images-idx3-ubyte';
      const labels = request.url === '/mnist/train-labels-idx1-ubyte';
      response.writeHead(images || labels ? 200 : 404);
      response.end(images ? idx([3, 28, 28], pixels) : idx([3], Uint8Array.of(7, 0, 9)));
    }).listen(0);
    await new Promise((resume) => server.once('listening', resume));
    url = `http://localhost:${(server.address() as AddressInfo).port}/mnist/`;
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [name, from] of [
    ['a folder, gzipped or not', () => folder],
    ['a URL', () => url],
  ] as const) {
    it(`is loaded from ${name}`, async () => {
      const { images, labels } = await loadMnist(from());
      expect([...labels]).toEqual([7, 0, 9]);
      expect(images).toHaveLength(3 * PIXELS);
      expect([images[0], images[255], images[256]]).toEqual([0, 1, 0]);
    });
  }

  it('says what is missing, broken or does not belong together', async () => {
    await expect(loadMnist(folder, 't10k')).rejects.toThrow(/there is no .*t10k-labels-idx1-ubyte and no .*\.gz/);
    await expect(loadMnist(`${url}nowhere`)).rejects.toThrow(/there is no .*nowhere\/train-images-idx3-ubyte/);
    const labels = join(folder, 't10k-labels-idx1-ubyte');
    writeFileSync(labels, idx([2], Uint8Array.of(1, 2)));
    await expect(loadMnist(folder, 't10k')).rejects.toThrow(/t10k-labels.* must hold 3 labels.*\[2\]/);
    writeFileSync(labels, idx([3], Uint8Array.of(1, 2, 10)));
    await expect(loadMnist(folder, 't10k')).rejects.toThrow(/holds a label 10/);
    writeFileSync(labels, gzipSync(idx([3], Uint8Array.of(1, 2, 3))).subarray(0, 20));
    await expect(loadMnist(folder, 't10k')).rejects.toThrow(/is a broken gzip file/);
    writeFileSync(labels, idx([3], Uint8Array.of(1, 2, 3)));
    writeFileSync(join(folder, 't10k-images-idx3-ubyte'), idx([3, 14, 14], new Uint8Array(588)));
    await expect(loadMnist(folder, 't10k')).rejects.toThrow(/must hold images of 28×28.*\[3,14,14\]/);
  });
});

describe('made digits', () => {
  it('are the same for the same seed, others for another, and all ten', () => {
    const [a, b, c] = ['s', 's', 't'].map((seed) => makeDigits(60, seed));
    expect(a.images).toEqual(b.images);
    expect(a.labels).toEqual(b.labels);
    expect(a.images).not.toEqual(c.images);
    expect(new Set(makeDigits(200, 'all').labels).size).toBe(10);
    expect([...makeDigits(20, 'asked', (n) => n % 10).labels]).toEqual([...Array(20).keys()].map((n) => n % 10));
  });

  it('are ink on paper, inside the image', () => {
    const { images } = makeDigits(300, 'ink');
    for (let n = 0; n < 300; n++) {
      const image = images.subarray(n * PIXELS, (n + 1) * PIXELS);
      expect(Math.min(...image)).toBe(0);
      expect(Math.max(...image)).toBeGreaterThan(0.8);
      const ink = image.reduce((sum, value) => sum + value, 0) / PIXELS;
      expect(ink).toBeGreaterThan(0.02);
      expect(ink).toBeLessThan(0.35);
      const border = image.filter((_, at) => at < 28 || at >= PIXELS - 28 || at % 28 === 0 || at % 28 === 27);
      expect(border.reduce((sum, value) => sum + value, 0)).toBeLessThan(8);
    }
  });

  it('can be told apart by their neighbours, but not by their averages alone: worth learning', () => {
    const [known, asked] = [makeDigits(800, 'known'), makeDigits(100, 'asked')];
    const averages = Array.from({ length: 10 }, () => new Float32Array(PIXELS));
    const counts = new Array<number>(10).fill(0);
    known.labels.forEach((label) => counts[label]++);
    known.labels.forEach((label, n) => {
      for (let at = 0; at < PIXELS; at++) averages[label][at] += known.images[n * PIXELS + at] / counts[label];
    });
    const distance = (a: Float32Array, from: number, b: Float32Array, other: number): number => {
      let sum = 0;
      for (let at = 0; at < PIXELS; at++) sum += (a[from + at] - b[other + at]) ** 2;
      return sum;
    };
    const nearest = (count: number, distanceTo: (n: number) => number): number =>
      [...Array(count).keys()].reduce(
        (best, n) => {
          const found = distanceTo(n);
          return found < best.distance ? { n, distance: found } : best;
        },
        { n: -1, distance: Infinity },
      ).n;
    let byNeighbour = 0;
    let byAverage = 0;
    asked.labels.forEach((label, n) => {
      const neighbour = nearest(800, (m) => distance(asked.images, n * PIXELS, known.images, m * PIXELS));
      if (known.labels[neighbour] === label) byNeighbour++;
      if (nearest(10, (m) => distance(asked.images, n * PIXELS, averages[m], 0)) === label) byAverage++;
    });
    expect(byNeighbour / 100).toBeGreaterThan(0.85);
    expect(byAverage / 100).toBeLessThan(byNeighbour / 100);
    expect(byAverage / 100).toBeGreaterThan(0.4);
  });
});
