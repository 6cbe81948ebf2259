// SPDX-License-Identifier: Apache-2.0
/**
 * Scatter, truly: every input pixel adds its footprint into the output. WGSL has no atomic floats, and needs none: the
 * contributions of one tap land on different cells each, so the taps take turns. A dispatch for each tap adds what all
 * pixels send through it; dispatches see what those before them wrote, so results are the same in every call.
 * Contributions that are cropped are never made.
 */
import type { Unsupported } from '../../src/contract';
import { type Conv2DTransposeGeometry, heightAxis, widthAxis } from '../../src/geometry/geometry';
import { tapSpan } from '../../src/geometry/phases';
import type { Taps } from '../../src/geometry/taps';
import { type Correlation, correlate, forwardRequest, planCorrelation } from './correlate';
import type { Device } from './device';
import { webgpuKernel } from './kernel';
import { FINISH, ZEROS } from './programs/fill';
import { NOT_FUSED, finishedBy } from './programs/fused';
import { elementwise } from './programs/program';

export const scatter = webgpuKernel({
  plan: (g, device) => {
    const taps = tapsOf(g, device);
    const unable = taps.find((tap): tap is Unsupported => 'reason' in tap);
    return (
      unable ?? {
        taps: taps as Correlation[],
        size: { floats: g.batch * g.outHeight * g.outWidth * g.outChannels, channels: g.outChannels },
      }
    );
  },
  run: (scope, { taps, size }, x, filter, output, fused) => {
    scope.run({ ...elementwise(ZEROS, output.shape), inputs: {}, uniforms: size, output });
    for (const tap of taps) correlate(scope, tap, x, filter, output);
    if (fused === NOT_FUSED) return;
    const finish = elementwise(finishedBy(fused, FINISH), output.shape);
    scope.run({ ...finish, inputs: fused.tensors, uniforms: { ...size, ...fused.uniforms }, output });
  },
});

/** A correlation for each tap: of the input pixels whose contribution lands inside y. */
function tapsOf(g: Conv2DTransposeGeometry, device: Device): (Correlation | Unsupported)[] {
  const [height, width] = [heightAxis(g), widthAxis(g)];
  const taps: (Correlation | Unsupported)[] = [];
  for (let tapRow = 0; tapRow < g.filterHeight; tapRow++) {
    for (let tapCol = 0; tapCol < g.filterWidth; tapCol++) {
      const [rows, cols] = [tapSpan(height, tapRow), tapSpan(width, tapCol)];
      if (rows.begin >= rows.end || cols.begin >= cols.end) continue;
      taps.push(
        planCorrelation(
          {
            ...forwardRequest(g),
            rows: rows.end - rows.begin,
            cols: cols.end - cols.begin,
            taps: { rows: single(tapRow, rows.begin), cols: single(tapCol, cols.begin) },
            out: {
              height: g.outHeight,
              width: g.outWidth,
              row: rows.begin * g.strideHeight + tapRow * g.dilationHeight - g.padTop,
              col: cols.begin * g.strideWidth + tapCol * g.dilationWidth - g.padLeft,
              rowStep: g.strideHeight,
              colStep: g.strideWidth,
            },
            adds: true,
          },
          device,
        ),
      );
    }
  }
  return taps;
}

/** One tap of the filter; the first pixel reads cell `offset`. */
function single(tap: number, offset: number): Taps {
  return { count: 1, offset, offsetStep: 0, tap, tapStep: 0 };
}
