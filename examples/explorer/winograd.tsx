// SPDX-License-Identifier: Apache-2.0
/** The fifth variant in a few lines, with the numbers of the story. */
import type { VNode } from 'preact';
import { bracketed, shown } from './layer';
import type { Line } from './line';
import { type Neighbours, neighboursOf, threeProducts } from './neighbours';

export function Winograd({ line }: { line: Line }): VNode {
  const found = neighboursOf(line);
  return (
    <section class="winograd" aria-label="Winograd">
      <h3>Fewer still: winograd</h3>
      <p class="told" data-testid="winograd">
        Neighbours of a phase meet the same taps. A fifth way, <b>winograd</b>, mixes inputs and taps before it
        multiplies: two neighbours of two taps take 3 multiplications, not 4. {found && worked(found)} What is mixed is
        rounded, so it runs only where you allow it.
      </p>
    </section>
  );
}

/** With the numbers of a line, in a sentence; formulas are not broken. */
function worked(found: Neighbours): string {
  const { phase, outputs, inputs, taps } = found;
  const [a, b, c] = inputs.map(bracketed);
  const [u, v] = taps.map(bracketed);
  const products = threeProducts(found);
  const [p, q, r] = products.map(bracketed);
  const [y0, y1] = outputs.map(shown);
  const formula = (text: string): string => text.replaceAll(' ', '\u00a0');
  const mixed = [`(${a} − ${b})·${u}`, `${b}·(${u} + ${v})`, `(${c} − ${b})·${v}`];
  return (
    `In phase ${phase} of the line, ${formula(`${a}·${u} + ${b}·${v} = ${y0}`)} and ` +
    `${formula(`${b}·${u} + ${c}·${v} = ${y1}`)}. ` +
    `Mixed: ${mixed.map((text, n) => formula(`${text} = ${shown(products[n])}`)).join(', ')}; and ` +
    `${formula(`${p} + ${q} = ${y0}`)}, ${formula(`${q} + ${r} = ${y1}`)}.`
  );
}
