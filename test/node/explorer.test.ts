// SPDX-License-Identifier: Apache-2.0
/**
 * What the arithmetic explorer shows: its numbers, the steps of its variants, its advice, and the code that it offers.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import '../../kernels/cpu';
import { conv2dTranspose } from '../../src';
import { checkerboardOf } from '../../examples/explorer/checkerboard/overlap';
import { SIZE, WAYS, scene, shownPart, unevenness } from '../../examples/explorer/checkerboard/image';
import { LIBRARIES, codeFor } from '../../examples/explorer/code';
import { type Frame, SHOWN, storyOf, totalOf } from '../../examples/explorer/frames';
import { type Impossible, axisOf } from '../../examples/explorer/axis';
import { type Layer, makeLayer } from '../../examples/explorer/layer';
import { type Line, makeLine } from '../../examples/explorer/line';
import { neighboursOf, threeProducts } from '../../examples/explorer/neighbours';
import { DEFAULTS, PAD_KINDS, SLIDERS, type Settings, WEIGHT_KINDS } from '../../examples/explorer/settings';
import { START, type State, VIEWS, changed, formatState, parseState } from '../../examples/explorer/state';
import { STEPS } from '../../examples/explorer/story';
import { type Values, numbersOf, withValue } from '../../examples/explorer/values';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

/** All settings within these limits, possible or not. */
const ALL: Settings[] = [];
for (const pad of PAD_KINDS)
  for (const kernel of range(1, 5))
    for (const stride of range(1, 3))
      for (const dilation of range(1, 2))
        for (const outputPadding of range(0, 2))
          for (const padding of pad === 'number' ? range(0, 3) : [0])
            ALL.push({ ...DEFAULTS, input: 3, kernel, stride, dilation, outputPadding, padding, pad });

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
}

/** What settings make, along an axis and in a square. */
function make(settings: Settings, values: Values = {}): { layer: Layer; line: Line } | Impossible {
  const axis = axisOf(settings);
  if ('message' in axis) return axis;
  const { x, w, x2, w2 } = numbersOf(settings, values);
  return { layer: makeLayer(axis, x2, w2), line: makeLine(axis, x, w) };
}

const possible = ALL.flatMap((settings) => {
  const made = make(settings);
  return 'layer' in made ? [{ settings, ...made }] : [];
});

it('looks at possible and at impossible settings here', () => {
  expect(possible.length).toBeGreaterThan(200);
  expect(ALL.length - possible.length).toBeGreaterThan(100);
});

it('shows the output that the op computes', () => {
  for (const { settings, layer } of possible) {
    const { input, kernel, stride, dilation, outputPadding, pad, padding } = settings;
    const y = tf.tidy(() =>
      conv2dTranspose(
        tf.tensor4d(layer.x.flat(), [1, input, input, 1]),
        tf.tensor4d(layer.w.flat(), [kernel, kernel, 1, 1]),
        undefined,
        stride,
        pad === 'number' ? padding : pad,
        { dilations: dilation, outputPadding: outputPadding > 0 ? outputPadding : undefined },
      ).dataSync(),
    );
    expect({ settings, y: layer.y.flat() }).toEqual({ settings, y: [...y] });
  }
});

describe.each(SHOWN)('%s', (variant) => {
  const { count: countOf, frame } = storyOf(variant);
  const written = ({ output }: Frame): number => output.flat().filter((value) => value !== undefined).length;

  it('arrives at the output in its last step, and gets there step by step', () => {
    for (const { settings, layer } of possible) {
      const count = countOf(layer);
      const last = frame(layer, count - 1);
      const arrived = last.output.map((row) => row.map((value) => value ?? 0));
      expect({ settings, arrived }).toEqual({ settings, arrived: layer.y });
      const counts = range(0, count - 1).map((n) => written(frame(layer, n)));
      expect([...counts].sort((a, b) => a - b)).toEqual(counts);
      expect(frame(layer, 0).caption).not.toBe('');
    }
  });

  it('adds every product once', () => {
    for (const { layer } of possible.filter((_, n) => n % 7 === 0)) {
      const frames = range(0, countOf(layer) - 1).map((n) => frame(layer, n));
      const seen = frames.filter(({ folding }) => folding !== false).flatMap(({ products }) => products);
      expect([seen.length, new Set(seen).size]).toEqual([layer.products.length, layer.products.length]);
    }
  });
});

describe('impossible settings', () => {
  it('say why, and what would do does', () => {
    let mended = 0;
    for (const settings of ALL) {
      const made = make(settings);
      if ('layer' in made) continue;
      expect(made.message).toMatch(/can be|must be|needs|would be/);
      for (const { name, values } of made.remedies) {
        expect(values).not.toContain(settings[name]);
        for (const value of values) {
          mended++;
          expect(make({ ...settings, [name]: value })).toHaveProperty('layer');
        }
      }
    }
    expect(mended).toBeGreaterThan(100);
  });
});

describe('the checkerboard', () => {
  const score = (changes: Partial<Settings>): ReturnType<typeof checkerboardOf> => {
    const made = make({ ...DEFAULTS, pad: 'valid', input: 6, ...changes });
    if (!('layer' in made)) throw new Error(made.message);
    return checkerboardOf(made.layer);
  };

  it('is there where taps divide unevenly among the phases', () => {
    expect(score({ kernel: 3, stride: 2 })).toMatchObject({ tapsOfPhase: [2, 1], score: 0.75 });
    expect(score({ kernel: 4, stride: 2 })).toMatchObject({ tapsOfPhase: [2, 2], score: 0 });
    expect(score({ kernel: 5, stride: 1 }).score).toBe(0);
    expect(score({ kernel: 2, stride: 3 })).toMatchObject({ tapsOfPhase: [1, 1, 0], score: 1 });
    expect(score({ kernel: 3, stride: 2, dilation: 2 })).toMatchObject({ tapsOfPhase: [3, 0], score: 1 });
    expect(score({ kernel: 3, stride: 2, dilation: 2 }).why).toContain('common divisor 2');
    expect(score({ kernel: 3, stride: 2 }).why).toContain('(2 or 4)');
  });

  it('counts the taps of every cell', () => {
    const { overlaps, tapsOfPhase } = score({ kernel: 3, stride: 2 });
    const middle = overlaps.slice(4, 8).map((row) => row.slice(4, 8));
    expect(middle).toEqual([0, 1, 0, 1].map((r) => [0, 1, 0, 1].map((c) => tapsOfPhase[r] * tapsOfPhase[c])));
    expect(overlaps[0][0]).toBe(1);
  });

  it('is evened out by bilinear weights, and with ones is what the taps say', () => {
    const sizes = { 3: 2, 4: 2, 5: 3 };
    for (const [kernel, stride] of Object.entries(sizes).map(([size, s]) => [Number(size), s])) {
      expect(score({ kernel, stride, weights: 'bilinear' }).weighted).toBeCloseTo(0, 9);
      const ones = score({ kernel, stride, weights: 'ones' });
      expect(ones.weighted).toBeCloseTo(ones.score, 9);
    }
  });
});

describe('code to copy', () => {
  /** Runs a snippet with values that depend on nothing but the shape. */
  const run = (code: string): tf.Tensor => {
    const random = (shape: number[]): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', shape.length + shape[1]);
    const body = code.replace(/^import .*$/m, '');
    const compute = new Function('tf', 'conv2dTranspose', `${body}; return y;`);
    return compute({ ...tf, randomNormal: random }, conv2dTranspose) as tf.Tensor;
  };

  it('runs, with the right shape, and tf computes what ours does', () => {
    for (const { settings, layer } of possible.filter((_, n) => n % 3 === 0)) {
      const { outSize } = layer.axis;
      tf.tidy(() => {
        const ours = run(codeFor('tfjs-conv2d-transpose', settings, layer.axis));
        expect({ settings, shape: ours.shape }).toEqual({ settings, shape: [1, outSize, outSize, 8] });
        const stock = codeFor('tf', settings, layer.axis);
        if (settings.dilation > 1) return expect(stock).toMatch(/^\/\/ tf.conv2dTranspose has no dilation/);
        const error = tf.max(tf.abs(tf.sub(run(stock), ours))).dataSync()[0];
        expect({ settings, right: error < 1e-4 }).toEqual({ settings, right: true });
      });
    }
  });

  /** PyTorch's and Keras's documented rules, of the arguments that stand in the code. */
  it('says in PyTorch and Keras what gives the same size', () => {
    const number = (code: string, name: string, otherwise: number): number =>
      Number(new RegExp(`${name}=(\\d+)`).exec(code)?.[1] ?? otherwise);
    for (const { settings, layer } of possible) {
      const { inSize, outSize, kernel, stride, dilation } = layer.axis;
      const span = dilation * (kernel - 1) + 1;
      const torch = codeFor('PyTorch', settings, layer.axis);
      const made = (inSize - 1) * stride - 2 * number(torch, ' padding', 0) + span + number(torch, 'output_padding', 0);
      const cut = Number(/:, :(\d+), :/.exec(torch)?.[1] ?? made);
      expect({ settings, torch, size: Math.min(made, cut) }).toEqual({ settings, torch, size: outSize });
      expect(number(torch, 'output_padding', 0)).toBeLessThan(Math.max(stride, dilation, 1));
      const keras = codeFor('Keras', settings, layer.axis);
      if (keras.startsWith('# Keras wants')) {
        expect(settings.outputPadding).toBeGreaterThanOrEqual(stride);
        continue;
      }
      const same = keras.includes('padding="same"');
      const full = /output_padding=/.test(keras)
        ? (inSize - 1) * stride + span - (same ? 2 * Math.floor(span / 2) : 0) + number(keras, 'output_padding', 0)
        : inSize * stride + (same ? 0 : Math.max(span - stride, 0));
      const [, before = 0, behind = 0] = /Cropping2D\(\(\((\d+), (\d+)\)/.exec(keras) ?? [];
      const size = full - Number(before) - Number(behind);
      expect({ settings, keras, size }).toEqual({ settings, keras, size: outSize });
    }
  });

  it('is there for all libraries', () => {
    for (const library of LIBRARIES) expect(codeFor(library, DEFAULTS, possible[0].layer.axis)).not.toBe('');
  });
});

describe('the story', () => {
  it('shows every step of every setting, and its last picture has the output that the op computes', () => {
    for (const { settings, line } of possible) {
      const { inSize, kernel, stride, dilation } = line.axis;
      // One row of a picture: a filter of one row.
      const y = tf.tidy(() =>
        conv2dTranspose(
          tf.tensor4d([...line.x], [1, 1, inSize, 1]),
          tf.tensor4d([...line.w], [1, kernel, 1, 1]),
          undefined,
          [1, stride],
          [
            [0, 0],
            [0, 0],
            [line.axis.padBegin, line.axis.padEnd],
            [0, 0],
          ],
          { dilations: [1, dilation], outputPadding: [0, line.axis.outputPadding] },
        ).dataSync(),
      );
      expect({ settings, y: line.y }).toEqual({ settings, y: [...y] });
      for (const [name, step] of Object.entries(STEPS)) {
        const frames = step.frames(line);
        for (const n of range(0, frames - 1)) {
          const { boxes, cols, rows } = step.draw(line, n);
          expect(step.caption(line, n)).not.toBe('');
          expect(n === frames - 1 || step.next!(line, n) !== '').toBe(true);
          // Each box has a name of its own, and lies in the picture.
          expect(new Set(boxes.map(({ part, id }) => `${part} ${id}`)).size).toBe(boxes.length);
          const outside = boxes.filter(({ x, y: top }) => x < 0 || x > cols - 0.999 || top < 0 || top > rows - 0.999);
          expect({ settings, name, n, outside }).toEqual({ settings, name, n, outside: [] });
        }
        if (name === 'transposed') continue;
        const output = step.draw(line, frames - 1).boxes.filter(({ part }) => part === 'output');
        const shown = output.sort((a, b) => Number(a.id) - Number(b.id)).map(({ text }) => text?.replace('−', '-'));
        const expected = ['stamp', 'overlap'].includes(name) ? line.yFull : line.y;
        expect({ settings, name, shown }).toEqual({ settings, name, shown: expected.map(String) });
      }
    }
  });

  it('counts the multiplications by zero, and none where phases are pulled apart', () => {
    const { line } = make(DEFAULTS) as { line: Line };
    const last = (name: 'zeros' | 'phases'): string => STEPS[name].caption(line, STEPS[name].frames(line) - 1);
    expect(last('zeros')).toContain('So far 18 multiplications, 10 of them by zero');
    expect(last('phases')).toContain('with 8 multiplications');
    expect(STEPS.crop.caption(line, 0)).toBe(
      'Cropped: 1 (0 in front, 1 behind). 7 cells become 6 = 2·3, stride times the input.',
    );
  });

  it('has default weights that say what the overlap says, at stride 2', () => {
    for (const kernel of range(1, 7)) {
      const { layer } = make({ ...DEFAULTS, kernel, input: 6 }) as { layer: Layer };
      const { score, weighted } = checkerboardOf(layer);
      expect({ kernel, even: weighted === 0 }).toEqual({ kernel, even: score === 0 });
      expect(kernel < 3 || layer.w[0].join() !== [...layer.w[0]].reverse().join()).toBe(true);
    }
  });
});

it('makes two neighbours of a phase by three products', () => {
  let seen = 0;
  for (const { settings, line } of possible) {
    const found = neighboursOf(line);
    if (!found) continue;
    seen++;
    const [p, q, r] = threeProducts(found);
    expect({ settings, outputs: [p + q, q + r] }).toEqual({ settings, outputs: found.outputs });
  }
  expect(seen).toBeGreaterThan(10);
});

it('counts the multiplications of every variant', () => {
  for (const { settings, layer } of possible.filter((_, n) => n % 5 === 0)) {
    const { inSize, outSize, kernel } = layer.axis;
    const useful = layer.products.length;
    const totals = Object.fromEntries(SHOWN.map((name) => [name, totalOf(name, layer)]));
    const expected = {
      scatter: useful,
      dilate: (outSize * kernel) ** 2,
      matmul: (inSize * kernel) ** 2,
      subpixel: useful,
    };
    expect({ settings, totals }).toEqual({ settings, totals: expected });
  }
});

describe('the picture made larger', () => {
  it('is even by kernel 4 with equal weights, and by the remedies with any', () => {
    const uneven = (noise: number): object =>
      Object.fromEntries(WAYS.map((way) => [way.id, unevenness(way, noise) > 1e-9]));
    expect(uneven(0)).toEqual({ three: true, four: false, initialised: false, resized: false });
    expect(uneven(0.6)).toEqual({ three: true, four: true, initialised: false, resized: false });
  });

  it('is twice as large, and as bright', () => {
    const mean = (plane: readonly (readonly number[])[]): number =>
      plane.flat().reduce((a, b) => a + b) / plane.flat().length;
    for (const plane of scene())
      for (const { make: enlarge } of WAYS) {
        const shown = shownPart(enlarge(plane, 0.5));
        expect([shown.length, shown[0].length]).toEqual([2 * SIZE, 2 * SIZE]);
        expect(Math.abs(mean(shown) - mean(shownPart(plane)))).toBeLessThan(0.03);
      }
  });
});

describe('the address', () => {
  it('holds step, variant, frame, settings and values', () => {
    const states: State[] = [
      ...ALL.slice(0, 40).map((settings) => ({ ...START, settings })),
      ...WEIGHT_KINDS.map((weights) => ({ ...START, settings: { ...DEFAULTS, weights } })),
      ...VIEWS.map((view, n): State => ({ ...START, view, variant: SHOWN[n % SHOWN.length], at: n, noise: 10 * n })),
    ];
    for (const state of states) expect(parseState(formatState(state))).toEqual(state);
    const given = numbersOf(DEFAULTS, {});
    const values = withValue(withValue({}, given, 'w', { row: 0, col: 1 }, -2.5), given, 'x2', { row: 1, col: 2 }, 7);
    expect(values).toEqual({
      w: [[1, -2.5, 3]],
      x2: [
        [1, 4, 3],
        [2, 2, 7],
        [3, 4, 1],
      ],
    });
    expect(parseState(formatState({ ...START, values })).values).toEqual(values);
    expect(formatState({ ...START, values })).toContain('w=1,-2.5,3&x2=1,4,3;2,2,7;3,4,1');
  });

  it('with anything else in it gives the start', () => {
    expect(parseState('')).toEqual(START);
    const most = Object.keys(SLIDERS).map((name) => `${name}=99`);
    const bad = `?step=x&variant=y&at=-1&noise=101&x=1,,2&w=a&x2=1e9&w2=&${most.join('&')}&pad=x&weights=y&kernel=2.5`;
    expect(parseState(bad)).toEqual(START);
  });

  it('without a step, but with settings, is that of the workbench', () => {
    expect(parseState('?kernel=4').view).toBe('workbench');
  });

  it('begins at the first frame of another step or variant', () => {
    expect(changed({ ...START, at: 3 }, { view: 'phases' }).at).toBe(0);
    expect(changed({ ...START, at: 3 }, { variant: 'dilate' }).at).toBe(0);
    expect(changed({ ...START, at: 3 }, { settings: DEFAULTS }).at).toBe(3);
  });
});
