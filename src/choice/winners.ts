// SPDX-License-Identifier: Apache-2.0
/**
 * The winners that `tune` has measured (./tune), by backend, device and geometry; kept until the page ends, or longer
 * as JSON.
 */
import { type Contender, PASSES, type Pass } from '../contract';
import { type Conv2DTransposeGeometry, isGeometry } from '../geometry/geometry';
import { toGeometry } from '../geometry/request';
import { keptBy } from '../geometry/kept';
import {
  type BestSetting,
  allSettings,
  areTimes,
  clearSettings,
  importedSetting,
  isSetting,
  keepSetting,
} from './settings';

/** Who computes a pass of a geometry fastest somewhere, and what each took. */
export interface Winner {
  readonly backend: string;
  readonly device: string;
  readonly pass: Pass;
  readonly geometry: Conv2DTransposeGeometry;
  /** The name of a variant; of a gradient 'ours'; or 'stock', which runs only where `install` may choose. */
  readonly fastest: Contender;
  /** Median milliseconds. */
  readonly ms: Partial<Record<Contender, number>>;
}

/** What is exported and imported. Version 1, of which winners had a `variant` and no `pass`, is imported as well. */
export interface Tuning {
  readonly version: 2;
  readonly winners: readonly Winner[];
  /** How the kernels of some devices are best set; left out if nothing is known of any. */
  readonly settings?: readonly BestSetting[];
}

const winners = new Map<string, Winner>();

let revision = 0;

/** A number that changes with what has been measured or imported. */
export function tuningRevision(): number {
  return revision;
}

/** The integers of a geometry. All geometries here were made by ../geometry, which puts them in one order. */
const integersOf = keptBy((g: Conv2DTransposeGeometry): string => Object.values(g).join());

function keyOf(pass: Pass, g: Conv2DTransposeGeometry, backend: string, device: string): string {
  return `${pass} ${backend} ${device} ${integersOf(g)}`;
}

/** The winner of a pass of a geometry; `device` is asked only if there are any. */
export function winnerOf(
  pass: Pass,
  g: Conv2DTransposeGeometry,
  backend: string,
  device: () => string,
): Winner | undefined {
  return winners.size === 0 ? undefined : winners.get(keyOf(pass, g, backend, device()));
}

export function keepWinner(winner: Winner): void {
  winners.set(keyOf(winner.pass, winner.geometry, winner.backend, winner.device), winner);
  revision++;
}

/** All that has been measured or imported, as an object that `JSON.stringify` takes. */
export function exportTuning(): Tuning {
  const settings = allSettings();
  return { version: 2, winners: [...winners.values()], ...(settings.length > 0 && { settings }) };
}

/**
 * Adds what was exported, here or elsewhere; only winners of this backend and device are ever used.
 *
 * @param tuning What `exportTuning` gave, or its JSON; also of version 1.
 * @throws Error if it isn't that; nothing is imported then.
 */
export function importTuning(tuning: Tuning | string): void {
  const parsed = (typeof tuning === 'string' ? parsedJson(tuning) : tuning) as Partial<Tuning> | null | undefined;
  if (![1, 2].includes(parsed?.version as number) || !Array.isArray(parsed!.winners))
    throw new Error('importTuning: this is no tuning of version 1 or 2; give what exportTuning returned');
  const given = (parsed!.winners as unknown[]).map(upgraded);
  const wrong = given.findIndex((winner) => !isWinner(winner));
  if (wrong >= 0) throw new Error(`importTuning: this is no winner: ${JSON.stringify(given[wrong])}`);
  const { settings = [] } = parsed!;
  if (!Array.isArray(settings))
    throw new Error(`importTuning: settings must be an array, but was ${JSON.stringify(settings)}`);
  const noSetting = (settings as unknown[]).findIndex((setting) => !isSetting(setting));
  if (noSetting >= 0) throw new Error(`importTuning: this is no setting: ${JSON.stringify(settings[noSetting])}`);
  // All of it is made before any of it is kept.
  const imported = (given as Winner[]).map((winner) => ({ ...winner, geometry: toGeometry(winner.geometry) }));
  (settings as BestSetting[]).map(importedSetting).forEach(keepSetting);
  imported.forEach(keepWinner);
}

/** A winner, also of version 1: of the forward pass, the only one that was measured. */
function upgraded(given: unknown): unknown {
  if (typeof given !== 'object' || given === null || 'pass' in given || !('variant' in given)) return given;
  const { variant, ...winner } = given;
  return { ...winner, pass: 'forward', fastest: variant };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`importTuning: this is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** Whether something names a place, holds a geometry, and has times, the winner's among them. */
function isWinner(given: unknown): given is Winner {
  if (typeof given !== 'object' || given === null) return false;
  const { backend, device, pass, geometry, fastest, ms } = given as Partial<Winner>;
  if ([backend, device, fastest].some((name) => typeof name !== 'string' || name === '')) return false;
  return PASSES.includes(pass!) && isGeometry(geometry) && areTimes(ms, fastest!);
}

/** Forgets all that has been measured or imported. */
export function clearTuning(): void {
  clearSettings();
  winners.clear();
  revision++;
}
