// SPDX-License-Identifier: Apache-2.0
/** The steps of the story that are along one axis, by their place in the address. */
import type { View } from '../state';
import { crop } from './crop';
import { overlap } from './overlap';
import { phases } from './phases';
import { stamp } from './stamp';
import type { StoryStep } from './step';
import { transposed } from './transposed';
import { zeros } from './zeros';

export const STEPS = { stamp, overlap, transposed, crop, zeros, phases } as const satisfies Partial<
  Record<View, StoryStep>
>;
