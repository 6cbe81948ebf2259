// SPDX-License-Identifier: Apache-2.0
/** What is made once: geometries by their requests, values by their keys, what is derived from an object with it. */
import fc from 'fast-check';
import { type Conv2DTransposeGeometry, type GeometryRequest, computeGeometry } from '../src';
import { type ConvolutionRequest, geometryOfConvolution } from '../src/geometry/convolution';
import { Recent, RecentByList, keptBy, retried } from '../src/geometry/kept';
import { explicitPad } from './support/layer';

const FLAT = [0, 0, 1, 1, 0, 0, 0, 0];
const NESTED = explicitPad({ pads: [1, 1, 0, 0] });

const REQUEST = { xShape: [1, 4, 5, 6], filterShape: [3, 3, 2, 6], strides: 2, pad: 1 } as const;

/** A copy that shares no array. */
const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('geometries', () => {
  it('are the same object for equal requests', () => {
    const more: Partial<GeometryRequest>[] = [
      {},
      { pad: 'same' },
      { pad: NESTED, strides: [2, 3], dilations: [2, 1], outputPadding: [1, 0], groups: 2 },
      { outputShape: [1, 8, 9, 2], dimRoundingMode: 'floor' },
      { dataFormat: 'NCHW', xShape: [1, 6, 4, 5] },
    ];
    const geometries = more.map((options) => computeGeometry({ ...REQUEST, ...options } as GeometryRequest));
    const again = more.map((options) => computeGeometry(copyOf({ ...REQUEST, ...options }) as GeometryRequest));
    geometries.forEach((geometry, n) => expect(again[n]).toBe(geometry));
    expect(new Set(geometries).size).toBe(geometries.length);
  });

  it('are not changed by what becomes of the arrays of a request', () => {
    const pad = copyOf(NESTED);
    const before = computeGeometry({ ...REQUEST, pad });
    pad[1][0] = 0;
    expect(computeGeometry({ ...REQUEST, pad }).padTop).toBe(0);
    expect(computeGeometry({ ...REQUEST, pad: NESTED })).toBe(before);
    expect(before.padTop).toBe(1);
  });

  it('are of one request only: what was asked decides, whatever was asked before', () => {
    const small = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
    const pair = (min: number, max: number): fc.Arbitrary<[number, number]> =>
      fc.tuple(small(min, max), small(min, max));
    const requests = fc.record({
      xShape: fc.tuple(small(1, 3), small(4, 5), small(4, 5), fc.constant(2)),
      filterShape: fc.tuple(small(1, 3), small(1, 3), small(1, 3), fc.constant(2)),
      strides: fc.oneof(small(1, 3), pair(1, 3)),
      dilations: fc.oneof(small(1, 2), pair(1, 2)),
      pad: fc.constantFrom(0, 1, NESTED, 'valid' as const),
      groups: small(1, 2),
    });
    fc.assert(
      fc.property(requests, (request) => {
        const { xShape, filterShape, strides, dilations, pad, groups } = request;
        const [sH, sW] = [strides].flat().concat(strides);
        const [dH, dW] = [dilations].flat().concat(dilations);
        const [top, left] = [pad === NESTED || pad === 1 ? 2 : 0, pad === 1 ? 2 : 0];
        const height = sH * (xShape[1] - 1) + dH * (filterShape[0] - 1) + 1 - top;
        const width = sW * (xShape[2] - 1) + dW * (filterShape[1] - 1) + 1 - left;
        const expected = {
          ...{ batch: xShape[0], outHeight: height, outWidth: width, outChannels: filterShape[2] * groups, groups },
          ...{ strideHeight: sH, strideWidth: sW, dilationHeight: dH, dilationWidth: dW },
        };
        const geometry = computeGeometry(request);
        expect({ ...geometry, ...expected }).toEqual({ ...geometry });
      }),
      { seed: 20261121, numRuns: 1000 },
    );
  });

  /** Requests that look like valid ones when their values are written one after the other. */
  const lookalikes: [string, Partial<GeometryRequest>, (xShape: number[]) => Record<string, unknown>][] = [
    ['a flat pad', { pad: NESTED }, () => ({ pad: FLAT })],
    ['a pad in a string', { pad: 1 }, () => ({ pad: '1' })],
    ['a pad in an array', { pad: 'same' }, () => ({ pad: ['same'] })],
    ['sides in strings', { pad: NESTED }, () => ({ pad: NESTED.map((sides) => sides.map(String)) })],
    ['a stride in a string', { strides: 2 }, () => ({ strides: '2' })],
    ['a stride in an array', { strides: 2 }, () => ({ strides: [2] })],
    ['strides in strings', { strides: [2, 2] }, () => ({ strides: ['2', '2'] })],
    ['strides in an array of arrays', { strides: [2, 2] }, () => ({ strides: [[2, 2]] })],
    ['groups in a string', { groups: 2 }, () => ({ groups: '2' })],
    ['groups in an array', { groups: 2 }, () => ({ groups: [2] })],
    ['a dilation in a string', { dilations: 2 }, () => ({ dilations: '2' })],
    ['an output padding in a string', { outputPadding: 1 }, () => ({ outputPadding: '1' })],
    ['a rounding mode in an array', { dimRoundingMode: 'floor' }, () => ({ dimRoundingMode: ['floor'] })],
    ['a layout in an array', { dataFormat: 'NHWC' }, () => ({ dataFormat: ['NHWC'] })],
    ['a layout called undefined', { dataFormat: undefined }, () => ({ dataFormat: 'undefined' })],
    ['an output shape called undefined', {}, () => ({ outputShape: 'undefined' })],
    ['no output shape', {}, () => ({ outputShape: null })],
    ['a shape in a string', {}, (xShape) => ({ xShape: xShape.join() })],
    ['a shape in parts', {}, (xShape) => ({ xShape: [xShape[0], xShape.slice(1)] })],
    ['a shape in an array', {}, (xShape) => ({ xShape: [xShape] })],
    ['a shape in a typed array', {}, (xShape) => ({ xShape: Int32Array.from(xShape) })],
    ['a shape of strings', {}, (xShape) => ({ xShape: xShape.map(String) })],
    ['a pad that goes on as a key would', { pad: 'same' }, () => ({ pad: "same'|undefined|undefined|undefined" })],
  ];
  lookalikes.forEach(([name, valid, invalidOf], n) => {
    it(`refuse ${name}, before and after the valid request that it looks like`, () => {
      const xShape = [n + 2, 4, 5, 6]; // A batch of its own: neither has been asked for before.
      const ask = (options: object): unknown =>
        computeGeometry({ ...REQUEST, xShape, ...options } as unknown as GeometryRequest);
      const invalid = invalidOf(xShape);
      expect(() => ask(invalid)).toThrowError(RangeError);
      const geometry = ask(valid);
      expect(() => ask(invalid)).toThrowError(RangeError);
      expect(ask(valid)).toBe(geometry);
    });
  });

  it('are not kept where there is none: an error is thrown anew', () => {
    const impossible = { ...REQUEST, outputShape: [1, 20, 20, 2] };
    const [first, second] = [1, 2].map(() => resultOf(() => computeGeometry(impossible)));
    expect(first instanceof RangeError && second instanceof RangeError).toBe(true);
    expect(second).not.toBe(first);
    expect(String(second)).toBe(String(first));
  });
});

describe('geometries of stock convolutions', () => {
  const image = { xShape: [1, 8, 9, 2], filterShape: [3, 3, 2, 4], strides: 2, pad: NESTED };
  const ask = (options: object): unknown => geometryOfConvolution({ ...image, ...options } as ConvolutionRequest);

  it('are the same object for equal requests', () => {
    for (const options of [{}, { pad: 'same' }, { dilations: 2, strides: 1 }, { pad: 1, dimRoundingMode: 'ceil' }])
      expect(ask(copyOf(options))).toBe(ask(options));
    expect(ask({ pad: 1 })).not.toBe(ask({ pad: 2 }));
  });

  // tfjs itself takes such arguments, and makes NaN of them.
  const lookalikes: [string, object, object][] = [
    ['a flat pad', {}, { pad: FLAT }],
    ['a pad in a string', { pad: 1 }, { pad: '1' }],
    ['a stride in an array', { strides: 2 }, { strides: [2] }],
    ['a dilation in an array', { strides: 1, dilations: 2 }, { strides: 1, dilations: [2] }],
  ];
  lookalikes.forEach(([name, valid, invalid], n) => {
    it(`are not those of ${name}, whichever is asked for first`, () => {
      const [first, second] = [{ xShape: [n + 2, 8, 9, 2] }, { xShape: [n + 102, 8, 9, 2] }];
      const geometry = ask({ ...first, ...valid }) as Conv2DTransposeGeometry;
      expect(resultOf(() => ask({ ...first, ...invalid }))).not.toBe(geometry);
      resultOf(() => ask({ ...second, ...invalid }));
      expect(ask({ ...second, ...valid })).toEqual({ ...geometry, batch: n + 102 });
    });
  });
});

/** What a function returns, or the error that it throws. */
function resultOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

describe('Recent', () => {
  it('makes a value once, and keeps none of an error', () => {
    const recent = new Recent<object>();
    const made: string[] = [];
    const get = (key: string): object =>
      recent.get(key, () => {
        made.push(key);
        return { key };
      });
    expect(get('a')).toBe(get('a'));
    expect(get('b')).not.toBe(get('a'));
    expect(made).toEqual(['a', 'b']);
    const fail = (): object => {
      throw new Error('no');
    };
    expect(() => recent.get('c', fail)).toThrowError('no');
    expect(get('c')).toEqual({ key: 'c' });
  });

  it('keeps more values than a model has layers, but not without end: the latest', () => {
    const recent = new Recent<number>();
    const keys = Array.from({ length: 20_000 }, (_, n) => n);
    keys.forEach((n) => recent.get(String(n), () => n));
    // From the latest back: those that are kept are not made again.
    let made = 0;
    const kept = keys.reverse().findIndex((n) => {
      recent.get(String(n), () => made++);
      return made > 0;
    });
    expect(kept).toBeGreaterThanOrEqual(256);
    expect(kept).toBeLessThanOrEqual(1024);
  });
});

describe('RecentByList', () => {
  it('makes a value once for equal lists, however alike others are', () => {
    const recent = new RecentByList<object>();
    const get = (list: readonly unknown[]): object => recent.get(list, () => ({}));
    const lists = [
      [],
      [[]],
      [1, 2],
      [2, 1],
      [[1], 2],
      [1, [2]],
      ['1', 2],
      [1, undefined],
      [1],
      ['same', 'NHWC'],
      ['NHWC', 'same'],
      ['abc'],
      ['xbz'],
      [0.25],
      [0.5],
    ];
    const values = lists.map(get);
    expect(new Set(values).size).toBe(lists.length);
    lists.forEach((list, n) => expect(get(copyOf(list).map((value) => value ?? undefined))).toBe(values[n]));
    const changed = [3, [4, 5]];
    const before = get(changed);
    (changed[1] as number[])[0] = 6;
    expect(get(changed)).not.toBe(before);
    expect(get([3, [4, 5]])).toBe(before);
  });

  it('keeps none of what can change unseen, none of an error, and not without end', () => {
    const recent = new RecentByList<object>();
    for (const list of [[{}], [new Float32Array(2)], [NaN], [2, [NaN]]])
      expect(recent.get(list, () => ({}))).not.toBe(recent.get(list, () => ({})));
    expect(recent.get([null, undefined], () => ({}))).toBe(recent.get([null, undefined], () => ({})));
    expect(() =>
      recent.get([1], () => {
        throw new Error('no');
      }),
    ).toThrowError('no');
    const first = recent.get([1], () => ({}));
    expect(recent.get([1], () => ({}))).toBe(first);
    for (let n = 2; n < 20_000; n++) recent.get([n], () => ({}));
    expect(recent.get([1], () => ({}))).not.toBe(first);
  });
});

describe('retried', () => {
  it('keeps what is made at last, and tries what throws less and less often', () => {
    const tries: number[] = [];
    let question = 0;
    const ask = retried(() => {
      tries.push(question);
      if (question < 12) throw new Error(`at ${question}`);
      return question;
    });
    const answers = Array.from({ length: 20 }, (_, n) => {
      question = n;
      try {
        return ask();
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(tries).toEqual([0, 2, 5, 10, 19]);
    expect(answers.slice(0, 6)).toEqual(['at 0', 'at 0', 'at 2', 'at 2', 'at 2', 'at 5']);
    expect([answers[18], answers[19]]).toEqual(['at 10', 19]);
    question = 20;
    expect(ask()).toBe(19);
  });

  it('asks again for what is not there yet, and tries at least once in 1025 questions', () => {
    let tries = 0;
    const absent = retried((): undefined => void tries++);
    for (let n = 0; n < 3; n++) expect(absent()).toBeUndefined();
    expect(tries).toBe(3);
    tries = 0;
    const broken = retried((): number => {
      tries++;
      throw new Error('for ever');
    });
    for (let n = 0; n < 20 * 1025; n++) expect(broken).toThrowError('for ever');
    expect(tries).toBeGreaterThan(20);
  });
});

describe('keptBy', () => {
  it('makes a value once for each object, undefined too', () => {
    const made: object[] = [];
    const valueOf = keptBy((key: { value?: number }) => {
      made.push(key);
      return key.value;
    });
    const [a, b, c] = [{ value: 1 }, { value: 1 }, {}];
    expect([a, b, c, c, b, a].map(valueOf)).toEqual([1, 1, undefined, undefined, 1, 1]);
    expect(made).toEqual([a, b, c]);
  });
});
