// SPDX-License-Identifier: Apache-2.0
/**
 * Tiles of single invocations, for GPUs that a CPU simulates (./lane_correlation, ./lane_filter_gradient), and what
 * they cost there.
 */

/** Invocations of a workgroup: few, so that every core has some. */
export const LANES = 16;
/** Those that are one SIMD register wide. */
const SIMD = 4;
/** Cores that are counted on. */
const CORES = 2;

/** Nanoseconds that a multiply-add, and a read, of all lanes of a register take on two cores; of SwiftShader. */
const MULTIPLY_NS = 1;
const READ_NS = 8;
/** And what a read of another lane takes. */
const SWAP_NS = 1;
/** What compiling an element of a tile takes, as a part of a call: of a thousand calls. */
const COMPILE_NS = 2000;

/** What an invocation computes of a product: rows × columns, a multiple of four. */
export interface LaneTile {
  readonly rows: number;
  readonly cols: number;
  /**
   * Whether four of them read for each other (./lane_quads). Half of it is then what a tile by itself is made of: rows
   * even, of a filter gradient a multiple of eight as columns are.
   */
  readonly quad?: boolean;
}

const TILES: readonly LaneTile[] = [
  { rows: 16, cols: 16 },
  { rows: 8, cols: 16 },
  { rows: 16, cols: 8 },
  { rows: 8, cols: 8 },
  { rows: 16, cols: 4 },
  { rows: 4, cols: 16 },
  { rows: 4, cols: 4 },
  { rows: 16, cols: 16, quad: true },
  { rows: 8, cols: 16, quad: true },
  { rows: 16, cols: 8, quad: true },
  { rows: 8, cols: 8, quad: true },
];

/** Of a correlation as well: 7 × 7 pixels in two tiles, few channels in one. Its rows may be any. */
export const CORRELATION_TILES: readonly LaneTile[] = [
  ...TILES,
  { rows: 25, cols: 16 },
  { rows: 16, cols: 24 },
  { rows: 26, cols: 16, quad: true },
];

/** A tile, and how many of it a product takes. */
export interface LaneTiling {
  readonly tile: LaneTile;
  readonly rowTiles: number;
  readonly colTiles: number;
  /** Of all products together. */
  readonly workgroups: number;
}

/**
 * The tiling by which so many products of rows × terms by terms × columns take the least time.
 *
 * @param swaps Whether lanes can read for each other.
 */
export function laneTiling(
  rows: number,
  cols: number,
  terms: number,
  products: number,
  swaps: boolean,
  tiles: readonly LaneTile[] = TILES,
): LaneTiling {
  const able = tiles.filter(({ quad }) => swaps || !quad);
  const tilings = able.map((tile) => {
    // Of a quad two by two.
    const side = tile.quad ? 2 : 1;
    const rowTiles = side * Math.ceil(rows / (side * tile.rows));
    const colTiles = side * Math.ceil(cols / (side * tile.cols));
    const workgroups = Math.ceil((rowTiles * colTiles * products) / LANES);
    const turns = CORES * Math.ceil(workgroups / CORES) * (LANES / SIMD);
    const perOperand = tile.quad ? (READ_NS + SWAP_NS) / 2 : READ_NS;
    const perTerm = tile.rows * tile.cols * MULTIPLY_NS + (tile.rows + tile.cols) * perOperand;
    const ns = turns * terms * perTerm + tile.rows * tile.cols * COMPILE_NS;
    return { tile, rowTiles, colTiles, workgroups, ns };
  });
  return tilings.reduce((best, other) => (other.ns < best.ns ? other : best));
}
