// SPDX-License-Identifier: Apache-2.0
/** What stands below the picture: the checkerboard, the output size worked out, the code. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { counted } from '../../bench/numbers';
import { Tabs } from '../site/tabs';
import { checkerboardOf } from './checkerboard/overlap';
import { LIBRARIES, type Library, codeFor } from './code';
import { Grid } from './grid';
import type { Layer } from './layer';
import type { Settings } from './settings';

/** How many taps each output cell meets, and what comes of it. */
export function CheckerboardPanel({ layer }: { layer: Layer }): VNode {
  const { overlaps, score, weighted, why } = checkerboardOf(layer);
  const most = Math.max(1, ...overlaps.flat());
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  return (
    <section class="panel" aria-label="Overlap and checkerboard">
      <h2>Overlap and checkerboard</h2>
      <div class="figures">
        <div>
          <div class={`figure ${score > 0 ? 'bad' : 'good'}`} data-testid="score">
            {percent(score)}
          </div>
          <span>checkerboard score: 1 − fewest / most taps</span>
        </div>
        <div>
          <div class={`figure ${weighted > 0.005 ? 'bad' : 'good'}`} data-testid="weighted">
            {percent(weighted)}
          </div>
          <span>unevenness of a constant input, with these weights</span>
        </div>
      </div>
      <Grid
        title="Taps that each output cell meets"
        rows={overlaps.length}
        cols={overlaps.length}
        cellSize={26}
        testId="overlap"
        look={({ row, col }) => {
          const count = overlaps[row][col];
          const share = Math.round((45 * count) / most);
          return { text: `${count}`, fill: `color-mix(in srgb, var(--second) ${share}%, var(--cell))` };
        }}
      />
      <p data-testid="why">{why}</p>
      <p class="soft">A tap is a place of the kernel. Output cells that meet the same taps are a phase (step 6).</p>
    </section>
  );
}

/** The formulas with the numbers filled in. */
export function ArithmeticPanel({ layer }: { layer: Layer }): VNode {
  const { steps, padBegin, padEnd, insertedZeros, convolutionPadBegin, convolutionPadEnd, totalZeros } = layer.axis;
  const [size, ...rest] = steps;
  const formula = size.split(' = ');
  return (
    <section class="panel" aria-label="Output size">
      <h2>Output size</h2>
      <p data-testid="size-formula">
        {formula[0]} = {formula[1]}
        <br />= {formula[2]} = <b>{formula[3]}</b>
      </p>
      <p class="soft">
        Cropped: {padBegin} in front and {padEnd} behind. As a convolution: {counted(insertedZeros, 'zero')} between
        inputs, {convolutionPadBegin} in front, {convolutionPadEnd} behind; {counted(totalZeros, 'zero')} in all.
      </p>
      <ol class="soft">
        {rest.map((step) => (
          <li>{step}</li>
        ))}
      </ol>
    </section>
  );
}

/** The code for these settings, to copy. */
export function CodePanel({ settings, layer }: { settings: Settings; layer: Layer }): VNode {
  const [library, setLibrary] = useState<Library>(LIBRARIES[0]);
  const [said, setSaid] = useState('');
  const code = codeFor(library, settings, layer.axis);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(code);
      setSaid('Copied.');
    } catch {
      setSaid('The browser does not let this page copy; select the text instead.');
    }
    setTimeout(() => setSaid(''), 4000);
  };
  return (
    <section class="panel" aria-label="Code">
      <h2>Code</h2>
      <Tabs label="Library" names={LIBRARIES} chosen={library} onChoose={(name) => setLibrary(name)}>
        <pre data-testid="code" tabIndex={0}>
          {code}
        </pre>
      </Tabs>
      <div class="row">
        <button onClick={() => void copy()}>Copy</button>
        <span role="status" class="soft">
          {said}
        </span>
      </div>
    </section>
  );
}
