// SPDX-License-Identifier: Apache-2.0
/** The arithmetic of comparisons: what is counted, timed, averaged and fitted. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { geometricMean, intervalOf, median, typicalTime } from '../../bench/averages';
import { legend } from '../../bench/dot_plot';
import { type Measured, judge, modelOf } from '../../bench/cost_fit';
import { fit } from '../../bench/fit';
import { orderOf } from '../../bench/in_turn';
import { type Runner, interleave } from '../../bench/interleave';
import { sampledError } from '../../bench/spot_check';
import { PASSES } from '../../bench/passes';
import { channelsFirst, channelsLast } from '../../bench/peers/channels';
import { type Player, race, timedOf } from '../../bench/race';
import { DEFAULT_NAMES, WORKLOADS, usefulFlops, workloadNamed } from '../../bench/workloads';
import { computeGeometry } from '../../src';
import { type Coefficients, timeOf, workOf } from '../../src/choice/cost_model';
import { endings } from '../support/endings';
import { layer, explicitPad, filterShape, randomOperands, xShape } from '../support/layer';
import * as oracle from '../support/oracle';

const root = resolve(__dirname, '../..');

describe('the arithmetic of the comparison', () => {
  const l = layer({
    strides: [2, 3],
    kernel: [4, 5],
    pads: [1, 2, 0, 3],
    groups: 2,
    inChannels: 6,
    outChannels: 4,
    batch: 2,
  });
  const g = computeGeometry({
    xShape: xShape(l),
    filterShape: filterShape(l),
    strides: l.strides,
    pad: explicitPad(l),
    groups: 2,
  });

  it('counts two operations per multiply-add of the definition', () => {
    // The oracle's bound with operands of 1 is terms², so its roots add up to all terms.
    const ones = (values: Float32Array): Float32Array => values.map(() => 1);
    const { x, filter } = randomOperands(l, 'flops');
    const terms = oracle.forward(l, ones(x), ones(filter)).bound.reduce((sum, b) => sum + Math.sqrt(b), 0);
    expect(usefulFlops(g)).toBe(2 * terms);
    expect(new Set(WORKLOADS.map(({ name }) => name)).size).toBe(WORKLOADS.length);
    expect(DEFAULT_NAMES).toHaveLength(18);
    // No cropping: 28·28·1024 inputs, each into 2·2·512 outputs.
    expect(WORKLOADS.find(({ name }) => name === 'unet-up1')!.flops).toBe(2 * 28 * 28 * 1024 * 4 * 512);
    // 32 groups of 8 channels each; 3×3 'same' with stride 2 crops the last row and column of the last taps.
    expect(workloadNamed('resnext-256').flops).toBe(2 * 256 * 8 * (3 * 16 - 1) ** 2);
  });

  it('finds a right result right and a wrong one wrong', () => {
    const { x, filter, dy } = randomOperands(l, 'spot check');
    const truths = {
      forward: oracle.forward(l, x, filter),
      'input gradient': oracle.backpropInput(l, dy, filter),
      'filter gradient': oracle.backpropFilter(l, x, dy),
    };
    for (const pass of PASSES) {
      const right = Float32Array.from(truths[pass].values);
      expect(sampledError(pass, g, right, { x, filter, dy })).toBeLessThanOrEqual(1);
      const wrong = right.map((value) => value * 1.0001 + 1e-4);
      expect(sampledError(pass, g, wrong, { x, filter, dy })).toBeGreaterThan(1);
      const nothing = right.map(() => NaN);
      expect(sampledError(pass, g, nothing, { x, filter, dy })).not.toBeLessThanOrEqual(1);
    }
  });

  it('lets everybody come after everybody else alike, and takes all places', () => {
    for (const count of [1, 2, 3, 4, 5, 6, 7]) {
      const rounds = count % 2 === 0 ? count : 2 * count;
      const orders = Array.from({ length: rounds }, (_, round) => orderOf(count, round));
      const pairs = orders.flatMap((order) => order.slice(1).map((n, place) => `${order[place]} then ${n}`));
      const times = new Map<string, number>();
      for (const pair of pairs) times.set(pair, (times.get(pair) ?? 0) + 1);
      expect([...times.values()]).toEqual(Array(count * (count - 1)).fill(rounds / count));
      for (let place = 0; place < count; place++)
        expect(new Set(orders.slice(0, count).map((order) => order[place])).size).toBe(count);
    }
  });

  describe('interleave', () => {
    const values = new Float32Array(1);
    const runner = (name: string, order: string[] = [], ms = 0): Runner => ({
      name,
      run() {
        order.push(name);
        const end = performance.now() + ms;
        while (performance.now() < end);
        return values;
      },
    });
    const inspect = (): void => undefined;

    it('runs one by one in turn after a warm-up of each', async () => {
      const order: string[] = [];
      const runners = ['a', 'b', 'c'].map((name) => runner(name, order, 60));
      const timings = await interleave(runners, { repeat: 3, budget: 1e9 }, { inspect });
      expect(order.join('')).toBe('aaabbbccc' + 'abc' + 'bca' + 'cab');
      expect([...timings.values()].map(({ runs }) => runs)).toEqual([3, 3, 3]);
      expect([...timings.values()].every(({ ms, note }) => ms >= 60 && note === '')).toBe(true);
    });

    it('gives the fast more rounds, and the slow none for which there is no time', async () => {
      const [fast, slow] = [runner('fast', [], 1), runner('slow', [], 100)];
      const timings = await interleave([fast, slow], { repeat: 2, budget: 150, hot: true }, { inspect });
      expect(timings.get(fast)!.runs).toBeGreaterThan(2);
      expect(timings.get(fast)!.hotMs).toBeGreaterThanOrEqual(1);
      expect(timings.get(slow)).toMatchObject({ runs: 1, note: 'warm-up only, no time for more' });
    });

    it('gives everybody the least samples that are asked for, who can make them in the budget', async () => {
      const [slow, slower] = [runner('slow', [], 30), runner('slower', [], 100)];
      const timings = await interleave([slow, slower], { repeat: 9, budget: 200, least: 5 }, { inspect });
      expect(timings.get(slow)!.runs).toBeGreaterThanOrEqual(5);
      const [from, to] = timings.get(slow)!.interval!;
      expect(from <= timings.get(slow)!.ms && timings.get(slow)!.ms <= to).toBe(true);
      expect(timings.get(slower)!.interval).toBeUndefined();
    });

    it('counts no first run that compiles, nor its time', async () => {
      const runners = ['a', 'b'].map((name) => {
        const [compiling, compiled] = [runner(name, [], 200), runner(name, [], 10)];
        let runs = 0;
        return { name, run: () => (runs++ === 0 ? compiling : compiled).run() };
      });
      const limits = { repeat: 2, budget: 150, least: 3, compiles: true };
      for (const { ms, firstMs, runs, note } of (await interleave(runners, limits, { inspect })).values()) {
        expect(firstMs).toBeGreaterThanOrEqual(200);
        expect([ms >= 10 && ms < 200, runs >= 3, note]).toEqual([true, true, '']);
      }
    });

    it('comes to an end where a coarse clock says that nothing takes any time', async () => {
      const now = jest.spyOn(performance, 'now').mockReturnValue(5);
      const idle = runner('idle');
      const timings = await interleave([idle], { repeat: 2, budget: 1e9 }, { inspect });
      now.mockRestore();
      const { ms, note } = timings.get(idle)!;
      expect([ms > 0, note]).toEqual([true, '']);
    });

    it('extrapolates who would be too slow, from a part of the work', async () => {
      const part = { run: () => new Promise((resume) => setTimeout(resume, 5)), factor: 100, label: 'from a part' };
      const huge: Runner = { ...runner('huge'), reduced: part };
      const timings = await interleave([huge], { repeat: 2, budget: 100 }, { inspect });
      expect(timings.get(huge)).toMatchObject({ runs: 0, note: 'extrapolated from a part' });
      expect(timings.get(huge)!.ms).toBeGreaterThan(100);
    });

    it('throws what a runner throws, or leaves it out and tells', async () => {
      const broken: Runner = {
        name: 'broken',
        run() {
          throw new Error('no such kernel');
        },
      };
      const limits = { repeat: 1, budget: 10 };
      await expect(interleave([broken], limits, { inspect })).rejects.toThrow('no such kernel');
      const told: string[] = [];
      const unable = ({ name }: Runner, { message }: Error): void => void told.push(`${name}: ${message}`);
      const able = runner('able');
      const timings = await interleave([broken, able], limits, { inspect, unable });
      expect([...timings.keys()]).toEqual([able]);
      expect(told).toEqual(['broken: no such kernel']);
    });
  });

  it('races players: all in one order of values, compared with the first', async () => {
    const disposed: string[] = [];
    const player = (name: string, result: number[], toNHWC?: Player['toNHWC']) => (): Promise<Player> =>
      Promise.resolve({
        name,
        run: () => Float32Array.from(result),
        dispose: () => disposed.push(name),
        ...(toNHWC && { toNHWC }),
      });
    const loads = [
      player('first', [1, 2, 3, 4]),
      player('turned', [1, 3, 2, 4], (values) => channelsLast(values, 1, 2)),
      player('off', [1, 2, 3, 5]),
      player('broken', [1, NaN, 3, 4]),
    ];
    const outcome = await race(loads, { repeat: 1, budget: 10 });
    const differences = Object.keys(outcome).map((name) => timedOf(outcome, name)!.difference);
    expect(differences).toEqual([0, 0, 0.25, NaN]);
    expect(disposed).toEqual(['first', 'turned', 'off', 'broken']);
  });

  it('puts channels first and last', () => {
    const values = Float32Array.from({ length: 2 * 3 * 5 }, (_, n) => n);
    const first = channelsFirst(values, 2, 5);
    expect([...first.slice(0, 4), first[15]]).toEqual([0, 5, 10, 1, 15]);
    expect(channelsLast(first, 2, 5)).toEqual(values);
  });

  it('takes medians and means', () => {
    expect([median([5, 1, 3]), median([4, 1, 3, 2])]).toEqual([3, 2.5]);
    expect(geometricMean([1, 10, 100])).toBeCloseTo(10);
  });

  it('knows between which a typical time lies, of enough samples', () => {
    // Of four nothing; of five least and most; of nine the second and the last but one; of rounded ones the mean.
    expect(intervalOf([5, 1, 4, 2], 0.1)).toBeUndefined();
    expect(intervalOf([5, 1, 4, 2, 3], 0.1)).toEqual([1, 5]);
    expect(intervalOf([9, 8, 7, 6, 5, 4, 3, 2, 1], 0.1)).toEqual([2, 8]);
    const [from, to] = intervalOf([0, 0, 0.1, 0.1, 0, 0.1], 0.1)!;
    expect(from < 0.05 && to > 0.05 && from >= 0 && to < 0.15).toBe(true);
  });

  it('takes the mean of times that the clock hardly resolves, and none for nothing', () => {
    expect(typicalTime([0, 0, 0, 0.1], 0.1)).toBeCloseTo(0.025);
    expect(typicalTime([0, 0], 0.1)).toBeCloseTo(0.05);
    expect(typicalTime([5, 1, 9], 0.1)).toBe(5);
  });

  it('fits what a call, a multiply-add and a float take', () => {
    const [call, multiplyAdds, moved] = [0.5, 0.03, 2];
    const points = [1e4, 3e5, 2e6, 1e7].flatMap((sums) =>
      [0, 1e4, 1e6].map((floats) => ({
        work: { multiplyAdds: sums, moved: floats },
        ms: call + (sums * multiplyAdds + floats * moved) / 1e6,
      })),
    );
    expect(fit(points)).toEqual({ call, multiplyAdds, moved });
    // What costs nothing is left out, and never less than nothing.
    const free = points.map(({ work }) => ({ work, ms: call + work.multiplyAdds * 3e-8 - work.moved * 1e-9 }));
    expect(fit(free)).toMatchObject({ moved: 0 });
    expect(() => fit([])).toThrow('0 measurements are too few for a fit');
  });

  it('judges a cost model by its choices, also on layers left out of the fit', () => {
    const coefficients: Record<string, Coefficients> = {
      scatter: { call: 0.001, multiplyAdds: 0.05, moved: 2 },
      subpixel: { call: 0.1, multiplyAdds: 0.03, moved: 1 },
    };
    const measured = WORKLOADS.flatMap(({ name, geometry }): Measured[] =>
      (['scatter', 'subpixel'] as const).map((contender) => {
        const ms = timeOf(workOf('forward', contender, geometry)!, coefficients[contender]);
        return { workload: name, pass: 'forward', contender, ms };
      }),
    );
    const { model, left } = modelOf(measured, (pass) => (pass === 'forward' ? ['scatter', 'subpixel', 'matmul'] : []));
    expect(model).toEqual({ forward: coefficients });
    expect(left).toEqual(['forward matmul: left out, for it was not measured']);
    expect(judge(model, measured)).toEqual([
      `forward: the choice takes 1× (at most 1×) the time of the best, geometric mean of ${WORKLOADS.length} layers; ` +
        'on layers left out of the fit 1× (at most 1×)',
    ]);
    // Whoever is slow where the model says otherwise is told.
    const odd = measured.map((one) =>
      one.workload === 'hand' && one.contender === 'subpixel' ? { ...one, ms: 50 } : one,
    );
    expect(judge(model, odd)[0]).toMatch(/^forward hand, left out: .*× the time of scatter$/);
  });

  it('gives everybody a colour and a place in a plot, also who is new', () => {
    const rows = ['of-tomorrow', 'subpixel', 'ours', 'stock', 'scatter'].map((contender) => ({ contender }));
    const shown = legend(rows);
    expect(shown.map(({ name }) => name)).toEqual(['stock', 'scatter', 'subpixel', 'ours', 'of-tomorrow']);
    expect(shown.find(({ name }) => name === 'subpixel')!.colour).toBe('#059669');
    expect(shown.at(-1)!.colour).toMatch(/^#[0-9a-f]{6}$/);
  });
});

it('has commands that say what they take', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const files = Object.values(scripts).flatMap(
    (line) => /^node scripts\/start\.mjs (bench\/\S+)$/.exec(line)?.[1] ?? [],
  );
  expect(files.length).toBeGreaterThan(5);
  for (const { stdout } of endings(files.map((file) => [file, '--help'])))
    expect(stdout).toMatch(/Usage: npm (run \S+|start) --/);
}, 120_000);
