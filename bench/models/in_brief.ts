// SPDX-License-Identifier: Apache-2.0
/** Whole models in a line each: stock, and the same files under install(). The main job ends with them. */
import { timedOf } from '../race';
import type { ModelRow } from '../results';
import { MORE_TIME } from '../on_backend';
import { networkNamed } from './networks';
import { onModelBackend } from './on_backend';

/** Calls of each, besides the first. */
const ROUNDS = 3;

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
    const backendEnd = performance.now() + (end - performance.now()) / (backends.length - n);
    let toDo = networks.length;
    const noTime: string[] = [];
    const outcome = await onModelBackend(backend, networks, async ({ contest }) => {
      for (const { name, title } of networks) {
        const budget = Math.max(0, backendEnd - performance.now()) / toDo--;
        if (budget === 0) {
          noTime.push(title);
          continue;
        }
        onStart(`${backend} ${name}`);
        const found = await contest.predict(name, { repeat: ROUNDS, budget }, ['stock', 'install()']);
        for (const [by, result] of Object.entries(found)) {
          if ('unable' in result) skipped.push(`${backend} ${title}, ${by}: ${result.unable}`);
        }
        const [stock, ours] = [timedOf(found, 'stock'), timedOf(found, 'install()')];
        if (!ours) continue;
        // Calls after the first against such calls, or first against first.
        const isWarm = ours.note === '' && (!stock || stock.note === '');
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
