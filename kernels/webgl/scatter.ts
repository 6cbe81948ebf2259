// SPDX-License-Identifier: Apache-2.0
/**
 * Scatter, truly: a point for every contribution of an input pixel through a tap lies on the texel it contributes
 * to, and float blending adds it up (programs/scatter_points). Contributions that are cropped are never made.
 */
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { SUPPORTED, type Support, unsupported } from '../../src/contract';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis, yShapeOf } from '../../src/geometry/geometry';
import { tapSpan } from '../../src/geometry/phases';
import { type Correlation, planCorrelation } from './correlation';
import type { Uniforms } from './drawing/uniforms';
import type { Pass } from './drawing/scope';
import { filterWeights } from './filter_weights';
import { forwardRequest } from './forward';
import { webglKernel } from './kernel';
import { allQuads, depthQuads } from './layouts/channels';
import { denseUniforms } from './layouts/dense_image';
import { placementUniforms } from './layouts/filter_texels';
import { gridUniforms } from './layouts/target_grid';
import { gridImage } from './programs/grid_image';
import { drawResult } from './programs/result';
import { SCATTER_POINTS } from './programs/scatter_points';
import { denseImage } from './source_image';
import { drawsFloat32, glOf } from './tfjs_internals';

export const scatter = webglKernel({
  machine: canBlend,
  plan: (g, device) => {
    // One texel for each pixel and quad, so that a point has a place.
    const grid = { rows: g.outHeight, cols: g.outWidth, tile: { rows: 1, cols: 1 }, bands: 1 };
    const correlation = planCorrelation({ ...forwardRequest(g), ...grid, phases: [] }, device);
    if ('reason' in correlation) return correlation;
    const y = gridImage(correlation.grid, yShapeOf(g));
    return { correlation, y, uniforms: uniformsOf(g, correlation), passes: passesOf(g, correlation) };
  },
  run: (scope, { correlation, y, uniforms, passes }, x, filter, fused) => {
    const { grid, image: layout, request } = correlation;
    const image = denseImage(scope, x, layout, request.channels.groups);
    const { texture: weights, placement } = filterWeights(scope, filter, correlation);
    const target = scope.layers(grid.targetWidth, grid.targetHeight, 1);
    scope.draw({
      source: SCATTER_POINTS,
      target,
      textures: { image, weights },
      uniforms: [uniforms, placementUniforms(placement)],
      passes,
      adds: true,
    });
    return drawResult(scope, { targets: target }, y, fused);
  },
});

/** Half floats blend everywhere; of 32-bit floats an extension says so. */
function canBlend(backend: MathBackendWebGL): Support {
  if (!drawsFloat32() || glOf(backend).getExtension('EXT_float_blend')) return SUPPORTED;
  return unsupported('it adds up by blending, and this machine cannot blend 32-bit floats (EXT_float_blend)');
}

function uniformsOf(g: Conv2DTransposeGeometry, { grid, image }: Correlation): Uniforms {
  return {
    ...gridUniforms(grid),
    targetSize: [grid.targetWidth, grid.targetHeight],
    depthQuads: depthQuads(grid.channels),
    ...denseUniforms('imageAt', image),
    imageHeight: g.inHeight,
    outWidth: g.outWidth,
    strideRows: g.strideHeight,
    strideCols: g.strideWidth,
  };
}

/** A pass for each tap: a point for each pixel of x whose contribution lands inside y, and each quad. */
function passesOf(g: Conv2DTransposeGeometry, { grid }: Correlation): Pass[] {
  const passes: Pass[] = [];
  for (let tapRow = 0; tapRow < g.filterHeight; tapRow++) {
    for (let tapCol = 0; tapCol < g.filterWidth; tapCol++) {
      const [rows, cols] = [tapSpan(heightAxis(g), tapRow), tapSpan(widthAxis(g), tapCol)];
      const [spanRows, spanCols] = [Math.max(0, rows.end - rows.begin), Math.max(0, cols.end - cols.begin)];
      passes.push({
        viewport: [0, 0, grid.targetWidth, grid.targetHeight],
        points: spanRows * spanCols * g.batch * allQuads(grid.channels),
        uniforms: {
          tap: tapRow * g.filterWidth + tapCol,
          firstInRow: rows.begin,
          firstInCol: cols.begin,
          spanRows,
          spanCols,
          firstOutRow: rows.begin * g.strideHeight + tapRow * g.dilationHeight - g.padTop,
          firstOutCol: cols.begin * g.strideWidth + tapCol * g.dilationWidth - g.padLeft,
        },
      });
    }
  }
  return passes.filter(({ points }) => points! > 0);
}
