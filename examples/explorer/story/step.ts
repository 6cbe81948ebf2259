// SPDX-License-Identifier: Apache-2.0
/** What a step of the story is: a state of the picture, a sentence or two, and one thing to do. */
import type { Drawing } from '../drawing';
import type { Line } from '../line';
import type { SliderName } from '../settings';

export interface StoryStep {
  readonly title: string;
  /** As ../prose has it. */
  text(line: Line): string;
  /** The one thing to do. */
  task(line: Line): string;
  /** What is set in this step: numbers of the settings, or how the output is cropped. */
  readonly controls?: readonly (SliderName | 'pad')[];
  /** How many pictures it has; more than one can be played. */
  frames(line: Line): number;
  /** What the button says that goes on from the n-th picture; only asked for where there is a next one. */
  next?(line: Line, n: number): string;
  /** What the n-th picture shows, in words. */
  caption(line: Line, n: number): string;
  draw(line: Line, n: number): Drawing;
}
