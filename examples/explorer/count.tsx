// SPDX-License-Identifier: Apache-2.0
/** Step 7: the same in two dimensions, four ways; what each costs, and a fifth that costs less. */
import type { VNode } from 'preact';
import { Player } from './player';
import type { Layer } from './layer';
import type { Line } from './line';
import type { Change, State } from './state';
import type { Numbers } from './values';
import { Winograd } from './winograd';

interface CountProps {
  readonly line: Line;
  readonly layer: Layer;
  readonly numbers: Numbers;
  readonly state: State;
  readonly change: Change;
}

export function Count({ line, ...props }: CountProps): VNode {
  const { stride } = props.layer.axis;
  return (
    <div class="count">
      <p class="told" data-testid="told">
        On an image both axes do this: stride {stride} has {stride} × {stride} phases. You have met four ways to one
        output: stamps (<b>scatter</b>), zeros (<b>dilate</b>), the table (<b>matmul</b>), phases (<b>subpixel</b>).
        Only the number of multiplications differs.
      </p>
      <Player {...props}>
        <p class="task">Play each and watch the count. Point at a cell to see what meets there.</p>
      </Player>
      <Winograd line={line} />
    </div>
  );
}
