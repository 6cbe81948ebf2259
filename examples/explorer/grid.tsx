// SPDX-License-Identifier: Apache-2.0
/** A grid of numbered cells: drawn as SVG, pointed at by mouse, finger or keyboard. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Cell } from './layer';

/** How a cell looks. */
export interface Look {
  /** What stands in it, if there is room. */
  readonly text?: string;
  /** A colour to fill it with; default: that of a cell. */
  readonly fill?: string;
  /** 'step': this step is about it; 'related': it meets the cell pointed at; 'chosen': it is that cell. */
  readonly mark?: 'step' | 'related' | 'chosen';
  /** A zero that was put in, or a cell that nothing has been written to yet. */
  readonly faint?: boolean;
}

interface GridProps {
  readonly title: string;
  readonly rows: number;
  readonly cols: number;
  look(cell: Cell): Look;
  /** Told about the cell pointed at, or that there is none. Grids without it are pictures only. */
  onPoint?(cell: Cell | undefined): void;
  onPin?(cell: Cell): void;
  /** Largest size of a cell, in CSS pixels. */
  readonly cellSize?: number;
  readonly testId?: string;
}

const UNIT = 40;
/** Cells drawn smaller than this have no room for numbers. */
const READABLE = 19;
const WIDEST = 460;

export function Grid({ title, rows, cols, look, onPoint, onPin, cellSize = 46, testId }: GridProps): VNode {
  const [cursor, setCursor] = useState<Cell>({ row: 0, col: 0 });
  const size = Math.min(cellSize, WIDEST / cols, WIDEST / rows);
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const within = { row: Math.min(cursor.row, rows - 1), col: Math.min(cursor.col, cols - 1) };
    if (step) {
      const next = {
        row: Math.min(rows - 1, Math.max(0, within.row + step[0])),
        col: Math.min(cols - 1, Math.max(0, within.col + step[1])),
      };
      setCursor(next);
      onPoint?.(next);
    } else if (event.key === 'Enter' || event.key === ' ') onPin?.(within);
    else return;
    event.preventDefault();
  };
  const cellElements: VNode[] = [];
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      const { text, fill, mark, faint } = look({ row, col });
      const at = { row, col };
      cellElements.push(
        <g
          class={`cell ${mark ?? ''} ${faint ? 'faint' : ''}`}
          data-row={row}
          data-col={col}
          onPointerEnter={onPoint && ((event: PointerEvent) => event.pointerType === 'mouse' && onPoint(at))}
          onClick={onPin && (() => (setCursor(at), onPin(at)))}
        >
          <rect
            x={col * UNIT + 1}
            y={row * UNIT + 1}
            width={UNIT - 2}
            height={UNIT - 2}
            rx={4}
            style={fill && !faint ? { fill } : undefined}
          />
          {text !== undefined && size >= READABLE && (
            <text
              x={(col + 0.5) * UNIT}
              y={(row + 0.5) * UNIT}
              dy="0.35em"
              style={{ fontSize: `${Math.min(17, 52 / Math.max(2, text.length))}px` }}
            >
              {text}
            </text>
          )}
        </g>,
      );
    }
  }
  return (
    <figure class="grid">
      <figcaption>{title}</figcaption>
      <svg
        viewBox={`-2 -2 ${cols * UNIT + 4} ${rows * UNIT + 4}`}
        style={{ width: `${size * cols}px`, height: 'auto', maxWidth: '100%' }}
        role={onPin ? 'application' : 'img'}
        aria-label={`${title}, ${rows} by ${cols}${onPin ? '; arrow keys move, Enter pins' : ''}`}
        tabIndex={onPin ? 0 : undefined}
        onKeyDown={onPin && move}
        onFocus={onPoint && (() => onPoint(cursor.row < rows && cursor.col < cols ? cursor : { row: 0, col: 0 }))}
        onBlur={onPoint && (() => onPoint(undefined))}
        onPointerLeave={onPoint && (() => onPoint(undefined))}
        data-testid={testId}
      >
        {cellElements}
      </svg>
    </figure>
  );
}
