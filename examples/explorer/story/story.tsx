// SPDX-License-Identifier: Apache-2.0
/** A step of the story along one axis: what it says, the picture, what there is to do. */
import type { VNode } from 'preact';
import { useCallback } from 'preact/hooks';
import { DrawingView } from '../drawing';
import { Export } from '../export/export';
import type { Line } from '../line';
import { Prose } from '../prose';
import type { Change, State } from '../state';
import { Transport } from '../transport';
import { type Numbers, withValue } from '../values';
import { StepControls } from './controls';
import { NumberFields } from './numbers';
import type { StoryStep } from './step';

interface StoryProps {
  readonly step: StoryStep;
  readonly line: Line;
  readonly numbers: Numbers;
  readonly state: State;
  readonly change: Change;
}

export function Story({ step, line, numbers, state, change }: StoryProps): VNode {
  const frames = step.frames(line);
  const at = Math.min(state.at, frames - 1);
  const show = useCallback((n: number) => change({ at: n }), [change]);
  const caption = step.caption(line, at);
  return (
    <div class="story">
      <p class="told" data-testid="told">
        <Prose text={step.text(line)} />
      </p>
      <div class="stage" data-testid="stage">
        <DrawingView drawing={step.draw(line, at)} alt={caption} />
        <p class="caption" data-testid="caption" aria-live="polite">
          {caption}
        </p>
      </div>
      <div class="doing">
        <p class="task">{step.task(line)}</p>
        {step.controls && (
          <StepControls
            controls={step.controls}
            settings={state.settings}
            onChange={(settings) => change({ settings })}
          />
        )}
        {frames > 1 && (
          <Transport at={at} frames={frames} next={at < frames - 1 ? step.next?.(line, at) : ''} onChange={show} />
        )}
        <NumberFields
          numbers={numbers}
          onChange={(name, col, value) =>
            change({ values: withValue(state.values, numbers, name, { row: 0, col }, value) })
          }
        />
        <Export name={`convolution-${state.view}`} at={at} frames={frames} show={show} />
      </div>
    </div>
  );
}
