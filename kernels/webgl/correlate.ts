// SPDX-License-Identifier: Apache-2.0
/**
 * Draws a correlation that is planned: a pass for each phase of each stack of images. programs/correlation does the
 * arithmetic; layouts/target_grid draws what is written.
 */
import { keptBy } from '../../src/geometry/kept';
import { type Correlation, staysInside } from './correlation';
import type { ProgramSource } from './drawing/program';
import type { Uniforms } from './drawing/uniforms';
import type { RenderTarget } from './drawing/render_targets';
import type { Pass, Scope } from './drawing/scope';
import type { Weights } from './filter_weights';
import { allQuads, depthQuads } from './layouts/channels';
import { type FilterPlacement, placementUniforms } from './layouts/filter_texels';
import { gridUniforms, mostOfGrid } from './layouts/target_grid';
import { correlationProgram } from './programs/correlation';
import type { SourceImage } from './source_image';
import type { CorrelationTile } from './tiles';

/** Draws a correlation; returns the targets of its grid. */
export function correlate(scope: Scope, correlation: Correlation, image: SourceImage, weights: Weights): RenderTarget {
  const { grid } = correlation;
  const target = scope.layers(grid.targetWidth, grid.targetHeight, grid.tile.rows * grid.tile.cols);
  const textures = { image: image.texture, weights: weights.texture };
  for (const { source, uniforms, most, passes } of drawsOf(correlation, weights.placement, image.form)) {
    scope.draw({ source, target, textures, uniforms: [uniforms], most, passes });
  }
  return target;
}

interface KeptDraw {
  readonly source: ProgramSource;
  readonly uniforms: Uniforms;
  readonly most: number;
  readonly passes: Pass[];
}

/**
 * The draws of a correlation, one for each program: made once for each placement of the filter and form of the image.
 */
function drawsOf(correlation: Correlation, placement: FilterPlacement, form: SourceImage['form']): readonly KeptDraw[] {
  const made = madeDraws(correlation)(placement);
  return (made[form] ??= makeDraws(correlation, placement, form));
}

const madeDraws = keptBy((_of: Correlation) =>
  keptBy((_placement: FilterPlacement): Partial<Record<SourceImage['form'], KeptDraw[]>> => ({})),
);

function makeDraws(correlation: Correlation, placement: FilterPlacement, form: SourceImage['form']): KeptDraw[] {
  const { request, tile, grid, image } = correlation;
  const { stepRows = 1, stepCols = 1, tapCols } = request;
  const uniforms: Uniforms = {
    ...gridUniforms(grid),
    ...placementUniforms(placement),
    imageHeight: request.imageHeight,
    imageWidth: request.imageWidth,
    imageRows: request.batch * request.imageHeight,
    imageRowsPerLine: image.rowsPerLine,
    imageLinesPerRow: image.linesPerRow,
    imageLineCols: image.lineCols,
    imageTexels: image.texels,
    stepRows,
    depthQuads: depthQuads(grid.channels),
  };
  // Texels of the targets, lines and columns of the image, lines of the filter.
  const filterLines = request.tapRows * request.tapCols * placement.perTap[1] + 2 * allQuads(grid.channels);
  const most = Math.max(mostOfGrid(grid), image.rows, image.width, filterLines);
  const phaseWidth = grid.bandWidth;
  const phaseHeight = grid.bands * grid.bandHeight;
  const denseForm = image.linesPerRow > 1 ? 'dense in long rows' : 'dense';
  const packedForm = staysInside(request) ? 'packed' : 'packed and masked';
  const imageForm = form === 'dense' ? denseForm : packedForm;
  const draws = new Map<string, KeptDraw>();
  for (let stack = 0; stack < grid.stacks; stack++) {
    for (const { phaseRow, phaseCol, rows, cols } of request.phases) {
      const taps = tapsOfProgram(cols.count, tile);
      const source = correlationProgram({
        tile,
        packed: grid.packed,
        step: stepCols,
        taps,
        tapStep: taps === 1 ? 0 : cols.offsetStep,
        channelsAcross: placement.channelsAcross,
        imageForm,
      });
      const origin = [(stack * grid.phaseCols + phaseCol) * phaseWidth, phaseRow * phaseHeight] as const;
      const pass: Pass = {
        viewport: [...origin, phaseWidth, phaseHeight],
        uniforms: {
          origin,
          firstImage: stack * grid.imagesPerStack,
          'rowTaps.count': rows.count,
          'rowTaps.offset': rows.offset,
          'rowTaps.offsetStep': rows.offsetStep,
          'rowTaps.index': rows.tap * tapCols,
          'rowTaps.indexStep': rows.tapStep * tapCols,
          'colTaps.count': cols.count / taps,
          'colTaps.offset': cols.offset,
          'colTaps.offsetStep': cols.offsetStep * taps,
          'colTaps.index': cols.tap,
          'colTaps.indexStep': cols.tapStep,
        },
      };
      const draw = draws.get(source.key);
      if (draw) draw.passes.push(pass);
      else draws.set(source.key, { source, uniforms, most, passes: [pass] });
    }
  }
  return [...draws.values()];
}

/**
 * Most taps of a row that a program is made for: kernels are seldom wider. Each one more is a program of its own.
 */
const MOST_TAPS = 5;

/** How many of `count` taps a program takes in a round: a divisor. */
function tapsOfProgram(count: number, tile: CorrelationTile): number {
  const most = tile.taps === 1 ? 1 : Math.min(count, MOST_TAPS); // If taps share nothing, one is as good as several.
  for (let taps = most; taps > 1; taps--) if (count % taps === 0) return taps;
  return 1;
}
