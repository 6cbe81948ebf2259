// SPDX-License-Identifier: Apache-2.0
/** The formula of the cell that is chosen, with its numbers, and a field for its own number where it has one. */
import type { VNode } from 'preact';
import { type Cell, type Layer, type Product, bracketed, shown } from './layer';
import { type Choice, productsOf } from './scenes';
import { LARGEST } from './values';

const PRODUCTS_SHOWN = 12;

/** The formula of the cell that is chosen, with its numbers. */
interface CellPanelProps {
  readonly layer: Layer;
  readonly choice?: Choice;
  readonly pinned: boolean;
  onEdit(name: 'x2' | 'w2', cell: Cell, value: number): void;
}

export function CellPanel({ layer, choice, pinned, onEdit }: CellPanelProps): VNode {
  if (!choice)
    return (
      <p class="soft">
        Point at a cell of the output, the input or the kernel to see what meets there. Click or press Enter to pin it:
        the numbers of input and kernel can then be changed.
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
      {pinned && choice.of !== 'output' && (
        <label class="edit">
          {choice.of === 'input' ? 'x' : 'w'}
          {at} ={' '}
          <input
            type="number"
            step="any"
            min={-LARGEST}
            max={LARGEST}
            data-testid="edit"
            value={(choice.of === 'input' ? layer.x : layer.w)[choice.row][choice.col]}
            onInput={(event) => {
              const typed = event.currentTarget.valueAsNumber;
              if (!Number.isNaN(typed)) onEdit(choice.of === 'input' ? 'x2' : 'w2', choice, typed);
            }}
          />
        </label>
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
