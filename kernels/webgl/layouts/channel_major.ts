// SPDX-License-Identifier: Apache-2.0
/**
 * The channel-major layout of an image: a texel holds 4 columns of one channel, so that sums over pixels are sums of
 * dot products. Four layers: layer n holds every fourth channel, from the n-th on. Columns are those of x; of dy
 * they are what each column of x meets through a tap (im2col along the row): column · stride + tap · dilation − pad.
 *
 * Example: x [1, 2, 6, 5], one group of 5 channels: 2 quads of channels, 2 texels for 6 columns. `k4 c0–3` is
 * channel 4, columns 0 to 3. Channels that are not there (layers 1 to 3 of the second quad) are zeros, as are
 * columns 6 and 7.
 *
 *     layer 0 │ quad 0            │ quad 1                layer 1 │ quad 0            │ quad 1
 *     line 0  │ k0 c0–3 │ k0 c4–7 │ k4 c0–3 │ k4 c4–7     row 0   │ k1 c0–3 │ k1 c4–7 │ 0       │ 0
 *     line 1  │ k0 c0–3 │ k0 c4–7 │ k4 c0–3 │ k4 c4–7     row 1   │ k1 c0–3 │ k1 c4–7 │ 0       │ 0
 *
 * The channels that dy has through the taps of a row follow one another in a line, tap by tap: with 3 taps and 8
 * channels quads 0 and 1 are of tap 0, quads 2 and 3 of tap 1, quads 4 and 5 of tap 2. Fewer than 4 channels are not
 * filled up to a quad: with 3 taps and 1 channel, quad 0 holds tap 0, tap 1, tap 2 and a zero. Where that is too
 * wide for a texture, each tap has a line of its own.
 *
 * A long row is cut into parts of so many columns, each with a line as if it were a row: column n of x meets column n
 * of dy as it is laid out here, and no other.
 */
import { type Unsupported, unsupported } from '../../../src/contract';
import type { Conv2DTransposeGeometry } from '../../../src/geometry/geometry';
import { type DenseLayout, wholeRowsLayout } from './dense_image';

/** The columns that are laid out. */
export interface Columns {
  readonly columns: number;
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: number;
}

/** The columns of x as they are. */
function columnsOfX(g: Conv2DTransposeGeometry): Columns {
  return { columns: g.inWidth, taps: 1, stride: 1, dilation: 1, pad: 0 };
}

/** The columns of dy that those of x meet. */
function columnsOfDy(g: Conv2DTransposeGeometry): Columns {
  return {
    columns: g.inWidth,
    taps: g.filterWidth,
    stride: g.strideWidth,
    dilation: g.dilationWidth,
    pad: g.padLeft,
  };
}

/** A dense layout of lines whose "pixels" are quads of channels, and whose texels are 4 columns each. */
export interface ChannelMajorLayout extends DenseLayout {
  readonly columns: Columns;
  /** Channels of a group, and as many as have room: filled up to whole quads unless there are fewer than 4. */
  readonly depth: number;
  readonly paddedDepth: number;
  /** Quads of one group in a line. */
  readonly groupQuads: number;
  /** Lines of a part of a row: 1 if it holds the channels of all taps, else one for each tap. */
  readonly rowLines: number;
  /** Into how many parts a row is cut, and columns of each. */
  readonly parts: number;
  readonly partColumns: number;
}

/** Lays out x and dy, in as few parts of a row as fit, or says why no texture could hold them. */
export function channelMajorLayouts(
  g: Conv2DTransposeGeometry,
  maxSize: number,
): Record<'x' | 'dy', ChannelMajorLayout> | Unsupported {
  for (let parts = 1; parts < 2 * g.inWidth; parts *= 2) {
    const x = layOut(g.batch * g.inHeight, g.inChannels / g.groups, g.groups, columnsOfX(g), parts, maxSize);
    const dy = layOut(g.batch * g.outHeight, g.outChannels / g.groups, g.groups, columnsOfDy(g), parts, maxSize);
    if (x && dy) return { x, dy };
  }
  return unsupported(`x or dy does not fit a texture of ${maxSize} × ${maxSize}`);
}

function layOut(
  rows: number,
  depth: number,
  groups: number,
  columns: Columns,
  atLeast: number,
  maxSize: number,
): ChannelMajorLayout | undefined {
  const paddedDepth = depth < 4 ? depth : 4 * Math.ceil(depth / 4);
  const texels = Math.ceil(columns.columns / atLeast / 4);
  const [partColumns, parts] = [4 * texels, Math.ceil(columns.columns / (4 * texels))];
  for (const rowLines of [1, columns.taps]) {
    const groupQuads = Math.ceil(((columns.taps / rowLines) * paddedDepth) / 4);
    const layout = wholeRowsLayout(rows * parts * rowLines, groups * groupQuads, texels, maxSize);
    if (!('reason' in layout))
      return { ...layout, columns, depth, paddedDepth, groupQuads, rowLines, parts, partColumns };
  }
  return undefined;
}
