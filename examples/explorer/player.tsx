// SPDX-License-Identifier: Apache-2.0
/** In two dimensions: the picture of a variant, its frames to play, what meets at a cell, and what it costs. */
import type { ComponentChildren, VNode } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { Tabs } from '../site/tabs';
import { CellPanel } from './cell_panel';
import { Export } from './export/export';
import { SHOWN, storyOf } from './frames';
import { type Layer, isSame } from './layer';
import { type Choice, Scene } from './scenes';
import type { Change, State } from './state';
import { Totals } from './totals';
import { Transport } from './transport';
import { type Numbers, withValue } from './values';

interface PlayerProps {
  readonly layer: Layer;
  readonly numbers: Numbers;
  readonly state: State;
  readonly change: Change;
  /** What stands above the buttons. */
  readonly children?: ComponentChildren;
}

export function Player({ layer, numbers, state, change, children }: PlayerProps): VNode {
  const { variant } = state;
  const [pointed, setPointed] = useState<Choice>();
  const [pinned, setPinned] = useState<Choice>();
  const story = storyOf(variant);
  const frames = story.count(layer);
  const at = Math.min(state.at, frames - 1);
  const show = useCallback((n: number) => change({ at: n }), [change]);
  const { axis } = layer;

  // A cell that is no longer there cannot stay pinned.
  const sizes = `${axis.inSize} ${axis.kernel} ${axis.outSize} ${axis.stride}`;
  useEffect(() => {
    setPinned(undefined);
    setPointed(undefined);
  }, [sizes]);
  useEffect(() => {
    const release = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') setPinned(undefined);
    };
    document.addEventListener('keydown', release);
    return () => document.removeEventListener('keydown', release);
  }, []);

  const frame = story.frame(layer, at);
  const isPinned = (choice: Choice): boolean => pinned?.of === choice.of && isSame(pinned, choice);
  const choice = pinned ?? pointed;
  return (
    <Tabs label="Variant" names={SHOWN} chosen={variant} onChoose={(name) => change({ variant: name })}>
      <div class="player">
        <div class="stage" data-testid="stage">
          <h3>{story.title}</h3>
          <p class="caption" data-testid="caption">
            {frame.caption}
          </p>
          <Scene
            story={story}
            layer={layer}
            frame={frame}
            choice={choice}
            onPoint={setPointed}
            onPin={(cell) => setPinned(isPinned(cell) ? undefined : cell)}
          />
        </div>
        <div class="doing">
          {children}
          <Transport at={at} frames={frames} onChange={show} />
          <Totals layer={layer} variant={variant} soFar={frame.multiplications} />
          <div class="cell-panel">
            <CellPanel
              layer={layer}
              choice={choice}
              pinned={pinned !== undefined}
              onEdit={(name, cell, value) => change({ values: withValue(state.values, numbers, name, cell, value) })}
            />
          </div>
          <Export name={`convolution-${variant}`} at={at} frames={frames} show={show} />
        </div>
      </div>
    </Tabs>
  );
}
