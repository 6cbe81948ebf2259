// SPDX-License-Identifier: Apache-2.0
/** What stands beside the picture: the formula of a cell, the checkerboard, the output size worked out, the code. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { checkerboardOf } from './checkerboard';
import { LIBRARIES, type Library, codeFor } from './code';
import { Grid } from './grid';
import { type Layer, type Product, shown } from './layer';
import { type Choice, productsOf } from './scenes';
import type { Settings } from './settings';

const PRODUCTS_SHOWN = 12;

/** The formula of the cell that is chosen, with its numbers. */
export function CellPanel({ layer, choice, pinned }: { layer: Layer; choice?: Choice; pinned: boolean }): VNode {
  if (!choice)
    return (
      <p class="soft">
        Point at a cell of the output, the input or the kernel to see what meets there; click or press Enter to pin it.
      </p>
    );
  const products = productsOf(layer, choice);
  const at = `[${choice.row}, ${choice.col}]`;
  const value = (of: readonly number[][]): string => shown(of[choice.row][choice.col]);
  return (
    <div data-testid="formula" aria-live="polite">
      {choice.of === 'output' && <OutputFormula layer={layer} choice={choice} products={products} />}
      {choice.of === 'input' && (
        <p>
          <b>x{at}</b> = {value(layer.x)} meets {products.length} of {layer.axis.kernel ** 2} taps; each adds to one
          output cell:{' '}
          {list(products, ({ tap, output }) => `w[${tap.row}, ${tap.col}] → y[${output.row}, ${output.col}]`)}
        </p>
      )}
      {choice.of === 'tap' && (
        <p>
          <b>w{at}</b> = {value(layer.w)} meets {products.length} of {layer.axis.inSize ** 2} inputs:{' '}
          {list(products, ({ input, output }) => `x[${input.row}, ${input.col}] → y[${output.row}, ${output.col}]`)}
        </p>
      )}
      <p class="soft">
        {pinned ? 'Pinned. Click it again or press Escape to let go.' : 'Click or press Enter to pin it.'}
      </p>
    </div>
  );
}

function list(products: readonly Product[], text: (product: Product) => string): string {
  const more = products.length - PRODUCTS_SHOWN;
  return products.slice(0, PRODUCTS_SHOWN).map(text).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function OutputFormula({
  layer,
  choice,
  products,
}: {
  layer: Layer;
  choice: Choice;
  products: readonly Product[];
}): VNode {
  const { stride, dilation, padBegin } = layer.axis;
  const y = shown(layer.y[choice.row][choice.col]);
  const sum = (i: string, m: string): string => `${i}·${stride} + ${m}·${dilation} − ${padBegin}`;
  const rule = `${choice.row} = ${sum('i', 'm')}, ${choice.col} = ${sum('j', 'q')}`;
  if (products.length === 0)
    return (
      <p>
        <b>
          y[{choice.row}, {choice.col}]
        </b>{' '}
        = 0: no input and tap have {rule}.
      </p>
    );
  const terms = products.map(({ input, tap }) => `x[${input.row}, ${input.col}]·w[${tap.row}, ${tap.col}]`);
  const numbers = products.map(({ input, tap }) => {
    const [x, w] = [layer.x[input.row][input.col], layer.w[tap.row][tap.col]];
    return `${shown(x)}·${bracketed(w)}`;
  });
  const cut = (all: string[]): string => {
    const more = all.length > PRODUCTS_SHOWN ? ['…'] : [];
    return [...all.slice(0, PRODUCTS_SHOWN), ...more].join(' + ');
  };
  return (
    <>
      <p>
        <b>
          y[{choice.row}, {choice.col}]
        </b>{' '}
        = {cut(terms)}
        <br />= {cut(numbers)} = <b>{y}</b>
      </p>
      <p class="soft">
        {products.length} {products.length === 1 ? 'pair' : 'pairs'} of input and tap with {rule}.
      </p>
    </>
  );
}

function bracketed(value: number): string {
  return value < 0 ? `(${shown(value)})` : shown(value);
}

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
          const share = Math.round((75 * count) / most);
          return { text: `${count}`, fill: `color-mix(in srgb, var(--second) ${share}%, var(--cell))` };
        }}
      />
      <p data-testid="why">{why}</p>
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
        Cropped: {padBegin} in front and {padEnd} behind. As a convolution: {insertedZeros} zeros between inputs,{' '}
        {convolutionPadBegin} in front, {convolutionPadEnd} behind; {totalZeros} zeros in all.
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
      <div class="row" role="tablist" aria-label="Library">
        {LIBRARIES.map((name) => (
          <button role="tab" aria-selected={name === library} onClick={() => setLibrary(name)}>
            {name}
          </button>
        ))}
      </div>
      <pre data-testid="code" tabIndex={0}>
        {code}
      </pre>
      <div class="row">
        <button onClick={() => void copy()}>Copy</button>
        <span role="status" class="soft">
          {said}
        </span>
      </div>
    </section>
  );
}
