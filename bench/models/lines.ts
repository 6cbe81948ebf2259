// SPDX-License-Identifier: Apache-2.0
/** A whole model in a line. */
import { significant, timesText } from '../numbers';
import type { ModelRow } from '../results';

/** 'fast style transfer 128²: webgl 6.2× stock (210 ms, first call 400 ms)'. */
export function modelLine({ model, backend, ratio, ms, firstMs }: ModelRow): string {
  const times = ratio === undefined ? 'runs, where stock cannot' : `${timesText(ratio)} stock`;
  return `${model}: ${backend} ${times} (${significant(ms)} ms, first call ${significant(firstMs)} ms)`;
}
