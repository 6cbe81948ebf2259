// SPDX-License-Identifier: Apache-2.0
/** Behind the story: all settings, the variants at work, and the panels that work them out. */
import type { VNode } from 'preact';
import type { Layer } from './layer';
import { ArithmeticPanel, CheckerboardPanel, CodePanel } from './panels';
import { Player } from './player';
import type { Change, State } from './state';
import type { Numbers } from './values';

interface WorkbenchProps {
  readonly layer: Layer;
  readonly numbers: Numbers;
  readonly state: State;
  readonly change: Change;
}

export function Workbench(props: WorkbenchProps): VNode {
  const { layer, state } = props;
  return (
    <>
      <section class="panel" aria-label="Picture">
        <Player {...props} />
      </section>
      <div class="halves">
        <CheckerboardPanel layer={layer} />
        <div>
          <ArithmeticPanel layer={layer} />
          <CodePanel settings={state.settings} layer={layer} />
        </div>
      </div>
    </>
  );
}
