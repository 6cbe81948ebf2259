// SPDX-License-Identifier: Apache-2.0
/**
 * The way in which everything here is timed: all runners of a task call by call in turn (./in_turn), so that each finds
 * the caches as the others have left them, and reads its whole result; medians (of what a clock hardly resolves,
 * means). Where it is asked for, a hot figure stands beside: call after call of one.
 */
import { type Interval, intervalOf, typicalTime } from './averages';
import { inTurn, timeOfFilling, timeOfRuns } from './in_turn';

/** Somebody who computes something. */
export interface Runner<N extends string = string> {
  readonly name: N;
  /** Called before each run, not timed. */
  prepare?(): unknown;
  /** Computes, and reads the whole result. */
  run(): Float32Array | Promise<Float32Array>;
  /** A run of the hot figure. Default: `run`. */
  runHot?(): unknown;
  /** The same work on a part of the channels, and by what its time is to be multiplied, for the very slow. */
  readonly reduced?: { readonly run: () => unknown; readonly factor: number; readonly label: string };
}

export interface Timing {
  /** Median milliseconds of a run, in turn with the others. */
  ms: number;
  /** Median milliseconds of a run, one after another; of the slow `ms`. Where it is asked for. */
  hotMs?: number;
  /** Of how many samples that is before and after which the machine was quiet; where that was asked for. */
  quietSamples?: number;
  /** Runs that the median is of; 0 if it is extrapolated. */
  runs: number;
  /** Between which `ms` lies, with 94 % or more; of five samples or more (./averages). */
  interval?: Interval;
  /** Milliseconds of the very first run, which compiles; undefined if there was none in full. */
  firstMs?: number;
  /** What a reader must know of the number; '' if it is a plain median. */
  note: string;
}

export interface Limits {
  /** Rounds; those that take next to no time get more. */
  readonly repeat: number;
  /** Milliseconds that this may take. A run is never cut: what cannot be run in time is left out, or extrapolated. */
  readonly budget: number;
  /**
   * Samples of everybody who can make so many in the budget, if nobody else ran. Default: three, of those who take no
   * more than a twentieth of it.
   */
  readonly least?: number;
  /** Whether a first run compiles for longer than it computes: then it counts for nothing, nor does its time. */
  readonly compiles?: boolean;
  /** Whether to take the hot figure as well. */
  readonly hot?: boolean;
  /** If it is to be of samples before and after which the machine is quiet, `repeat` of each: what tells that. */
  readonly quiet?: Quiet;
}

/** Whether nobody else uses the machine just now, and for how many milliseconds a task waits for that in all. */
export interface Quiet {
  isQuiet(): Promise<boolean>;
  readonly patience: number;
}

/** What is done with a result of each, and with those who cannot run. */
export interface Watch<R> {
  /** Sees a warm-up result of each. */
  inspect(runner: R, result: Float32Array): unknown;
  /** The warm-up run that is inspected, from 1. Default: the first. */
  readonly inspected?: number;
  /** Told who cannot run; it is left out. Default: throws. */
  unable?(runner: R, error: Error): void;
}

/** Warm means compiled by the optimizing compiler: after so many runs and milliseconds; no more runs than that. */
const WARM = { runs: 3, ms: 40, mostRuns: 1000 };
/** Rounds that everybody makes who takes no more than a small part of the budget. */
const LEAST_ROUNDS = 3;
const SMALL_PART = 1 / 20;
/** Of those the fast get so many times as many rounds, as long as that takes no more than so many milliseconds. */
const MORE = { times: 20, ms: 1000, part: 1 / 4 };
/** Samples of the hot figure, and how long each takes at least. */
const HOT = { rounds: 3, ms: 25 };
/** For how long nothing is done after the machine was found busy. */
const PAUSE_MS = 50;

/** The first runs, in milliseconds. */
interface WarmUp {
  readonly firstMs: number;
  readonly leastMs: number;
}

async function timeOf(runner: Runner): Promise<{ ms: number; result: Float32Array }> {
  const preparing = runner.prepare?.();
  if (preparing instanceof Promise) await preparing;
  const begin = performance.now();
  const running = runner.run();
  const result = running instanceof Promise ? await running : running;
  return { ms: performance.now() - begin, result };
}

/** Milliseconds of a run as a part of it tells, a warm one; 0 if there is no part. */
async function extrapolated({ prepare, reduced }: Runner): Promise<number> {
  if (!reduced) return 0;
  await prepare?.();
  await reduced.run(); // A cold run would be several times too slow.
  return (await timeOfRuns(1, reduced.run)) * reduced.factor;
}

/** Samples of a runner's hot figure; where it was asked for, how many of them the machine was quiet around. */
interface HotSamples {
  readonly times: readonly number[];
  readonly quietSamples?: number;
}

/**
 * So many samples of each before and after which the machine was quiet, as far as there is time; of those who have
 * none, what there is.
 */
async function whileQuiet<R>(
  runners: readonly R[],
  count: number,
  sample: (runner: R) => Promise<number>,
  { isQuiet, patience }: Quiet,
): Promise<Map<R, HotSamples>> {
  const end = performance.now() + patience;
  const hasTime = (): boolean => performance.now() < end;
  const found = new Map(runners.map((runner) => [runner, { quiet: [] as number[], disturbed: [] as number[] }]));
  await inTurn(
    runners,
    Infinity,
    async (runner): Promise<undefined> => {
      const { quiet, disturbed } = found.get(runner)!;
      if (quiet.length === count) return;
      while (!(await isQuiet()) && hasTime()) await new Promise((resume) => setTimeout(resume, PAUSE_MS));
      const ms = await sample(runner);
      ((await isQuiet()) ? quiet : disturbed).push(ms);
    },
    (round) => round === 0 || (hasTime() && [...found.values()].some(({ quiet }) => quiet.length < count)),
  );
  return new Map(
    [...found].map(([runner, { quiet, disturbed }]) => [
      runner,
      { times: quiet.length > 0 ? quiet : disturbed, quietSamples: quiet.length },
    ]),
  );
}

/** Times all runners. Those that cannot run have no timing. */
export async function interleave<R extends Runner>(
  runners: readonly R[],
  { repeat, budget, compiles = false, hot, least, quiet }: Limits,
  { inspect, inspected = 1, unable }: Watch<R>,
): Promise<Map<R, Timing>> {
  let begin = performance.now();
  const left = (): number => budget - (performance.now() - begin);
  const timings = new Map<R, Timing>();
  const warmUps = new Map<R, WarmUp>();

  const warmUp = async (runner: R): Promise<WarmUp> => {
    let from = performance.now();
    const passed = (): number => performance.now() - from;
    let [firstMs, leastMs] = [NaN, Infinity];
    for (let run = 1; ; run++) {
      const { ms, result } = await timeOf(runner);
      if (run === 1) firstMs = ms;
      if (run === inspected) await inspect(runner, result);
      if (run === 1 && compiles) {
        const took = passed();
        [begin, from] = [begin + took, from + took];
        continue;
      }
      leastMs = Math.min(leastMs, ms);
      const isWarm = run >= WARM.runs && passed() >= WARM.ms;
      // The first run compiles: it does not tell what the next takes.
      const limit = run === 1 ? budget / 2 : (budget * SMALL_PART) / runners.length;
      const isEnough = repeat === 0 || run === WARM.mostRuns || passed() > limit;
      if (run >= inspected && (isWarm || isEnough)) return { firstMs, leastMs };
    }
  };
  for (const runner of runners) {
    try {
      const ms = await extrapolated(runner);
      if (ms * 2 > budget / runners.length)
        timings.set(runner, { ms, runs: 0, note: `extrapolated ${runner.reduced!.label}` });
      else warmUps.set(runner, await warmUp(runner));
    } catch (error) {
      if (!unable) throw error;
      unable(runner, error as Error);
    }
  }

  const running = [...warmUps.keys()];
  const leastOf = (runner: R): number => warmUps.get(runner)!.leastMs;
  const [leastRounds, part] = least === undefined ? [LEAST_ROUNDS, SMALL_PART] : [least, 1 / least];
  const isSmall = (runner: R): boolean => leastOf(runner) <= budget * part;
  const from = performance.now();
  const isEarly = (round: number): boolean => {
    return round < leastRounds || performance.now() - from < Math.min(MORE.ms, budget * MORE.part);
  };
  const samples = await inTurn(
    running,
    repeat * MORE.times,
    async (runner, round) => {
      const hasTime = (isSmall(runner) && isEarly(round)) || leastOf(runner) <= left() / running.length;
      const takesPart = round < repeat || leastOf(runner) <= MORE.ms / MORE.times;
      return hasTime && takesPart ? (await timeOf(runner)).ms : undefined;
    },
    (round) => isEarly(round) || (round < repeat && left() > 0),
  );
  const hotRunners = hot ? running.filter(isSmall) : [];
  const sampleHot = async (runner: R): Promise<number> => {
    await runner.prepare?.();
    return timeOfFilling(HOT.ms, () => (runner.runHot ? runner.runHot() : runner.run()));
  };
  const always = async (): Promise<Map<R, HotSamples>> =>
    new Map([...(await inTurn(hotRunners, HOT.rounds, sampleHot))].map(([runner, times]) => [runner, { times }]));
  const hotSamples = await (quiet ? whileQuiet(hotRunners, repeat, sampleHot, quiet) : always());
  for (const [runner, times] of samples) {
    const { firstMs, leastMs } = warmUps.get(runner)!;
    const timing =
      times.length > 0
        ? { ms: typicalTime(times), runs: times.length, note: '', interval: intervalOf(times) }
        : { ms: leastMs, runs: 1, note: 'warm-up only, no time for more' };
    const { times: hotTimes = [timing.ms], quietSamples } = hotSamples.get(runner) ?? {};
    const hotTiming = hot && { hotMs: typicalTime(hotTimes), quietSamples };
    timings.set(runner, { ...timing, firstMs, ...hotTiming });
  }
  return timings;
}
