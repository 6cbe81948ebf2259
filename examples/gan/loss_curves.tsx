// SPDX-License-Identifier: Apache-2.0
/** How the losses of critic and generator go, drawn anew while they train. */
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { View } from 'vega';
import type { GanLosses } from './gan';

export interface LossPoint extends GanLosses {
  readonly step: number;
}

const REDRAW_MS = 500;

export function LossCurves({ curve }: { curve: readonly LossPoint[] }): VNode {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(curve);
  latest.current = curve;
  const isShown = curve.length > 1;
  useEffect(() => {
    if (!isShown) return;
    let [view, timer, isOver]: [View?, ReturnType<typeof setInterval>?, boolean?] = [];
    const begin = async (): Promise<void> => {
      const { averaged, viewIn } = await import('./loss_plot');
      if (isOver) return;
      const opened = (view = viewIn(place.current!));
      let drawn: readonly LossPoint[] | undefined;
      const draw = (): void => {
        if (drawn !== latest.current) void opened.data('curve', averaged((drawn = latest.current))).runAsync();
      };
      draw();
      timer = setInterval(draw, REDRAW_MS);
    };
    void begin();
    return () => {
      isOver = true;
      clearInterval(timer);
      view?.finalize();
    };
  }, [isShown]);
  return (
    <>
      <div ref={place} key={`${isShown}`} data-testid="losses" />
      {!isShown && <p class="soft">They appear as soon as training has begun.</p>}
    </>
  );
}
