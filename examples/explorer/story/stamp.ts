// SPDX-License-Identifier: Apache-2.0
/** Step 1: each input stamps the kernel, and the columns are added up. */
import { shown } from '../layer';
import { stamped } from './rows';
import type { StoryStep } from './step';

export const stamp: StoryStep = {
  title: 'Stamp and add',
  text: () =>
    'A transposed convolution **stamps**: each number of the input multiplies the whole kernel and lays this copy ' +
    'down, the next one a little further on. Each column is added up.',
  task: () => 'Let every input stamp. Then change one of its numbers below.',
  frames: ({ x }) => x.length,
  next: () => 'Stamp the next input',
  caption: ({ x, w }, n) => {
    const list = (values: readonly number[]): string => `[${values.map(shown).join('\u00a0 ')}]`;
    const product = w.map((weight) => x[n] * weight);
    return `Input [${n}] is ${shown(x[n])}. Its stamp: ${shown(x[n])} × ${list(w)} = ${list(product)}.`;
  },
  draw: (line, n) => stamped(line, n + 1, n),
};
