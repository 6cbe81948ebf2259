// SPDX-License-Identifier: Apache-2.0
/** A whole model in a line. */
import { significant, timesText } from '../numbers';
import type { ModelRow } from '../results';

/** 'fast style transfer 128²: webgl 6.2× stock (210 ms, first call 400 ms)'. */
export function modelLine({ model, backend, ratio, ms, isWarm, firstMs }: ModelRow): string {
  const times = ratio === undefined ? 'runs, where stock cannot' : `${timesText(ratio)} stock`;
  const call = isWarm ? `${significant(ms)} ms, ` : 'no time for a second call, ';
  return `${model}: ${backend} ${times} (${call}first call ${significant(firstMs)} ms)`;
}
