// SPDX-License-Identifier: Apache-2.0
/** Whole models in a line each: stock, and the same files under install(). The main job ends with them. */
import { descriptorNamed } from '../backends';
import { timedOf } from '../race';
import type { ModelRow } from '../results';
import { MORE_TIME } from '../on_backend';
import { networkNamed } from './networks';
import { onModelBackend } from './on_backend';

/** Calls of each, besides the first. */
const ROUNDS = 3;

/**
 * On a GPU a first call compiles, for seconds where there is only software, and counts for nothing. So a network may
 * take all the time there; after it another comes only if so much of it is left.
 */
const ON_GPU = { part: 1 / 3, limits: { least: ROUNDS, compiles: true } };

/** A row per backend and network that can be run there, and why others can't. */
export async function modelsInBrief(
  names: readonly string[],
  backends: readonly string[],
  ms: number,
  onStart: (what: string) => void,
): Promise<{ rows: ModelRow[]; skipped: string[] }> {
  const rows: ModelRow[] = [];
  const skipped: string[] = [];
  const networks = names.map(networkNamed);
  const end = performance.now() + ms;
  for (const [n, backend] of networks.length > 0 ? backends.entries() : []) {
    const isGpu = descriptorNamed(backend).runsOn === 'gpu';
    const share = Math.max(0, end - performance.now()) / (backends.length - n);
    const backendEnd = performance.now() + share;
    let toDo = networks.length;
    const noTime: string[] = [];
    const outcome = await onModelBackend(backend, networks, async ({ contest }) => {
      for (const { name, title } of networks) {
        const left = Math.max(0, backendEnd - performance.now());
        const budget = isGpu ? left : left / toDo--;
        if (left === 0 || (isGpu && left < share * ON_GPU.part)) {
          noTime.push(title);
          continue;
        }
        onStart(`${backend} ${name}`);
        const limits = { repeat: ROUNDS, budget, ...(isGpu && ON_GPU.limits) };
        const found = await contest.predict(name, limits, ['stock', 'install()']);
        for (const [by, result] of Object.entries(found)) {
          if ('unable' in result) skipped.push(`${backend} ${title}, ${by}: ${result.unable}`);
        }
        const [stock, ours] = [timedOf(found, 'stock'), timedOf(found, 'install()')];
        if (!ours) continue;
        // Calls after the first against such calls, or first against first.
        const isWarm = isGpu || (ours.note === '' && (!stock || stock.note === ''));
        const [ms, stockMs] = [ours, stock].map((one) => (isWarm ? one?.ms : one?.firstMs));
        const { firstMs, difference } = ours;
        const ratio = stockMs && stockMs / ms!;
        rows.push({ backend, model: title, firstMs: firstMs!, ms: ms!, isWarm, ratio, difference });
      }
    });
    if (noTime.length > 0) skipped.push(`${backend}, no time (${MORE_TIME}): ${noTime.join(', ')}`);
    if (outcome) skipped.push(`${backend}: ${outcome.skipped}`);
  }
  return { rows, skipped };
}
