// SPDX-License-Identifier: Apache-2.0
/** The picture of each variant: its grids, with this step, or what meets the cell pointed at, marked. */
import type { VNode } from 'preact';
import { phaseOf, phaseOfTap } from './axis';
import type { Frame, Story } from './frames';
import { OVERLAP, tint } from './colours';
import { Grid, type Look } from './grid';
import { type Cell, type Layer, type Product, cells, isSame, shown } from './layer';

/** A cell that is pointed at or pinned, and of which grid it is. */
export interface Choice extends Cell {
  readonly of: 'input' | 'tap' | 'output';
}

export interface SceneProps {
  readonly layer: Layer;
  readonly frame: Frame;
  readonly choice?: Choice;
  onPoint(choice: Choice | undefined): void;
  onPin(choice: Choice): void;
}

/** The products that a cell takes part in. */
export function productsOf({ products }: Layer, choice: Choice): Product[] {
  return products.filter((product) => isSame(product[choice.of], choice));
}

/** The phase of an output cell as one number. */
function phaseNumber(layer: Layer, { row, col }: Cell): number {
  return phaseOf(layer.axis, row) * layer.axis.stride + phaseOf(layer.axis, col);
}

/** The phase whose output cells a tap adds to, as one number; none if there are no such cells. */
function tapPhase({ axis }: Layer, { row, col }: Cell): number | undefined {
  const [ofRow, ofCol] = [phaseOfTap(axis, row), phaseOfTap(axis, col)];
  return ofRow === undefined || ofCol === undefined ? undefined : ofRow * axis.stride + ofCol;
}

export function Scene({ story, ...props }: SceneProps & { story: Story }): VNode {
  const { layer, frame, choice, onPoint, onPin } = props;
  const marked = choice ? productsOf(layer, choice) : frame.products;
  const { inSize, kernel, outSize, stride } = layer.axis;
  const phases = stride * stride;
  const byPhase = story.colours === 'phase';
  const byInput = story.colours === 'input';
  const inputTint = (cell: Cell): string => tint(cell.row * inSize + cell.col, inSize * inSize);

  const markOf = (of: Choice['of'], cell: Cell): Look['mark'] => {
    if (choice?.of === of && isSame(choice, cell)) return 'chosen';
    if (!choice && of === 'output' && frame.target && isSame(frame.target, cell)) return 'chosen';
    if (!choice && of === 'input' && frame.input && isSame(frame.input, cell)) return 'chosen';
    return marked.some((product) => isSame(product[of], cell)) ? (choice ? 'related' : 'step') : undefined;
  };
  const handlers = (of: Choice['of']): { onPoint(cell: Cell | undefined): void; onPin(cell: Cell): void } => ({
    onPoint: (cell) => onPoint(cell && { of, ...cell }),
    onPin: (cell) => onPin({ of, ...cell }),
  });

  const input = (
    <Grid
      title={`Input, ${inSize} × ${inSize}`}
      rows={inSize}
      cols={inSize}
      testId="input"
      look={(cell) => ({
        text: shown(layer.x[cell.row][cell.col]),
        mark: markOf('input', cell),
        fill: byInput ? inputTint(cell) : undefined,
      })}
      {...handlers('input')}
    />
  );
  const flipped = story.extra === 'zeros';
  const tapAt = (cell: Cell): Cell => (flipped ? { row: kernel - 1 - cell.row, col: kernel - 1 - cell.col } : cell);
  const ofTap = handlers('tap');
  const taps = (
    <Grid
      title={`${flipped ? 'Kernel, flipped' : 'Kernel'}, ${kernel} × ${kernel}`}
      rows={kernel}
      cols={kernel}
      testId="kernel"
      look={(cell) => {
        const tap = tapAt(cell);
        const phase = byPhase ? tapPhase(layer, tap) : undefined;
        const fill = phase === undefined ? undefined : tint(phase, phases);
        return { text: shown(layer.w[tap.row][tap.col]), mark: markOf('tap', tap), fill };
      }}
      onPoint={(cell) => ofTap.onPoint(cell && tapAt(cell))}
      onPin={(cell) => ofTap.onPin(tapAt(cell))}
    />
  );
  /** By phase; or by the inputs that have added to a cell so far: one's colour, or that of an overlap. */
  const outputFill = (cell: Cell): string | undefined => {
    if (byPhase) return tint(phaseNumber(layer, cell), phases);
    if (!byInput || choice) return undefined;
    const last = frame.input && frame.folding !== false ? frame.input.row * inSize + frame.input.col : -1;
    const from = layer.products.filter((p) => isSame(p.output, cell) && p.input.row * inSize + p.input.col <= last);
    return from.length > 1 ? OVERLAP : from.length === 1 ? inputTint(from[0].input) : undefined;
  };
  const output = (
    <Grid
      title={`Output, ${outSize} × ${outSize}`}
      rows={outSize}
      cols={outSize}
      testId="output"
      look={(cell) => {
        // Somebody who points at a cell wants to see what becomes of it, whatever the step.
        const value = choice ? layer.y[cell.row][cell.col] : frame.output[cell.row][cell.col];
        const written = value === undefined ? { faint: true } : { text: shown(value) };
        return { ...written, mark: markOf('output', cell), fill: outputFill(cell) };
      }}
      {...handlers('output')}
    />
  );
  return (
    <div class="scene">
      {story.extra === 'zeros' ? <Dilated {...props} marked={marked} /> : input}
      {taps}
      {story.extra === 'matrix' && <ProductMatrix {...props} marked={marked} fill={inputTint} />}
      {output}
    </div>
  );
}

/** The input with zeros inserted and padded, and the flipped kernel on it. */
function Dilated({ layer, frame, choice, onPoint, onPin, marked }: SceneProps & { marked: readonly Product[] }): VNode {
  const { axis, x } = layer;
  const size = axis.outSize + axis.effectiveKernel - 1;
  const inputAt = (at: number): number | undefined => {
    const from = at - axis.convolutionPadBegin;
    return from >= 0 && from % axis.stride === 0 && from / axis.stride < axis.inSize ? from / axis.stride : undefined;
  };
  const target = choice ? (choice.of === 'output' ? choice : undefined) : frame.target;
  const underKernel = ({ row, col }: Cell): boolean => {
    if (!target) return false;
    return [row - target.row, col - target.col].every(
      (away) => away >= 0 && away < axis.effectiveKernel && away % axis.dilation === 0,
    );
  };
  const inputOf = ({ row, col }: Cell): Cell | undefined => {
    const [i, j] = [inputAt(row), inputAt(col)];
    return i === undefined || j === undefined ? undefined : { row: i, col: j };
  };
  return (
    <Grid
      title={`Input with zeros inserted and padded, ${size} × ${size}`}
      rows={size}
      cols={size}
      testId="dilated"
      look={(cell) => {
        const input = inputOf(cell);
        const isChosen = input && choice?.of === 'input' && isSame(choice, input);
        const isMarked = input && marked.some((product) => isSame(product.input, input));
        return {
          text: input ? shown(x[input.row][input.col]) : '0',
          faint: !input,
          mark: isChosen ? 'chosen' : isMarked ? 'related' : underKernel(cell) ? 'step' : undefined,
        };
      }}
      onPoint={(cell) => {
        const input = cell && inputOf(cell);
        onPoint(input && { of: 'input', ...input });
      }}
      onPin={(cell) => {
        const input = inputOf(cell);
        if (input) onPin({ of: 'input', ...input });
      }}
    />
  );
}

/** The product of the input as a column and the kernel as a row: a row for each input, a column for each tap. */
function ProductMatrix({
  layer,
  frame,
  choice,
  marked,
  fill,
}: SceneProps & { marked: readonly Product[]; fill(cell: Cell): string }): VNode {
  const { inSize, kernel } = layer.axis;
  const inputs = cells(inSize);
  const taps = cells(kernel);
  return (
    <Grid
      title={`Matrix, ${inSize}² inputs × ${kernel}² taps`}
      rows={inputs.length}
      cols={taps.length}
      testId="matrix"
      cellSize={30}
      look={({ row, col }) => {
        const [input, tap] = [inputs[row], taps[col]];
        const isThere = choice !== undefined || row < frame.rows!;
        const isMarked = marked.some((product) => isSame(product.input, input) && isSame(product.tap, tap));
        return {
          text: isThere ? shown(layer.x[input.row][input.col] * layer.w[tap.row][tap.col]) : undefined,
          faint: !isThere,
          fill: fill(input),
          mark: isMarked ? (choice ? 'related' : 'step') : undefined,
        };
      }}
    />
  );
}
