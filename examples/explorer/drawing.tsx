// SPDX-License-Identifier: Apache-2.0
/**
 * A picture along one axis: boxes, labels and spans at places, in units of a cell. What keeps its key from one picture
 * to the next moves to its new place.
 */
import type { VNode } from 'preact';
import type { Look } from './grid';

/** What a box stands for; boxes are found by it. */
export type Part = 'input' | 'kernel' | 'stamp' | 'output' | 'zero' | 'count' | 'matrix' | 'header';

export interface Box extends Look {
  readonly part: Part;
  /** Tells it from the others of its part. */
  readonly id: number | string;
  readonly x: number;
  readonly y: number;
  /** Small, above its text: where that comes from. */
  readonly over?: string;
  /** Cropped: it is there, and then cut off. */
  readonly cut?: boolean;
}

export interface Label {
  readonly x: number;
  /** Of its middle. */
  readonly y: number;
  readonly text: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  /** A sign or a result, not a remark. */
  readonly strong?: boolean;
}

/** A bracket below or above cells, with what it measures. */
export interface Span {
  readonly x: number;
  readonly width: number;
  readonly y: number;
  readonly text: string;
  readonly tone: 'accent' | 'second' | 'soft';
}

export interface Drawing {
  readonly cols: number;
  readonly rows: number;
  readonly boxes: readonly Box[];
  readonly labels?: readonly Label[];
  readonly spans?: readonly Span[];
}

const UNIT = 40;
/** Of a cell, in pixels, and of the whole, in hundredths of the window's height. */
const [WIDEST, TALLEST] = [68, 60];
/** A longer remark above a number would be too small to read. */
const MOST_OVER = 9;

/** A drawing as SVG; `alt` says in words what it shows. */
export function DrawingView({ drawing, alt }: { drawing: Drawing; alt: string }): VNode {
  const { cols, rows, boxes, labels = [], spans = [] } = drawing;
  return (
    <svg
      class="drawing"
      data-testid="drawing"
      role="img"
      aria-label={alt}
      viewBox={`-2 -2 ${cols * UNIT + 4} ${rows * UNIT + 4}`}
      style={{ maxWidth: `min(${cols * WIDEST}px, ${((TALLEST * cols) / rows).toFixed(1)}vh)` }}
    >
      {boxes.map((box) => (
        <BoxView key={`${box.part} ${box.id}`} box={box} />
      ))}
      {labels.map(({ x, y, text, anchor = 'start', strong }) => (
        <text
          key={`label ${text} ${y}`}
          class={strong ? 'label strong' : 'label'}
          x={x * UNIT}
          y={y * UNIT}
          dy="0.35em"
          text-anchor={anchor}
        >
          {text}
        </text>
      ))}
      {spans.map(({ x, width, y, text, tone }) => (
        <g key={`span ${tone} ${y}`} class={`span ${tone}`}>
          <path
            d={`M${x * UNIT + 2} ${y * UNIT - 5}v10M${x * UNIT + 2} ${y * UNIT}H${(x + width) * UNIT - 2}m0 -5v10`}
          />
          <text x={x * UNIT + 2} y={y * UNIT + 18}>
            {text}
          </text>
        </g>
      ))}
    </svg>
  );
}

function BoxView({ box: { part, x, y, text, over, fill, mark, faint, cut } }: { box: Box }): VNode {
  const size = Math.min(17, 52 / Math.max(2, text?.length ?? 0));
  return (
    <g
      class={`cell ${mark ?? ''} ${faint ? 'faint' : ''} ${cut ? 'cut' : ''}`}
      data-part={part}
      style={{ transform: `translate(${x * UNIT}px, ${y * UNIT}px)` }}
    >
      <rect x={1} y={1} width={UNIT - 2} height={UNIT - 2} rx={4} style={fill && !faint ? { fill } : undefined} />
      {over !== undefined && over.length <= MOST_OVER && (
        <text class="over" x={UNIT / 2} y={10} dy="0.35em" style={{ fontSize: `${Math.min(10, 52 / over.length)}px` }}>
          {over}
        </text>
      )}
      {text !== undefined && (
        <text
          class="value"
          x={UNIT / 2}
          y={over === undefined || over.length > MOST_OVER ? UNIT / 2 : UNIT * 0.63}
          dy="0.35em"
          style={{ fontSize: `${size}px` }}
        >
          {text}
        </text>
      )}
      {cut && <path class="cross" d={`M6 ${UNIT - 6}L${UNIT - 6} 6`} />}
    </g>
  );
}
