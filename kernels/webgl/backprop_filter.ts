// SPDX-License-Identifier: Apache-2.0
/**
 * The gradient with respect to the filter, ∂Φ/∂w: for every row of taps the matrix product dyᵀ x over pixels. x and
 * dy are brought into channel-major layout; a program multiplies them by tiles; another adds up what the splits of a
 * tile found. Depthwise there is nothing to multiply by tiles: programs/depthwise_filter.
 */
import { unsupported } from '../../src/contract';
import { isChannelwise } from '../../src/geometry/geometry';
import type { RenderTarget } from './drawing/render_targets';
import type { Scope } from './drawing/scope';
import { webglKernel } from './kernel';
import { type ChannelMajorLayout, channelMajorLayouts } from './layouts/channel_major';
import { pairsShareTexels } from './layouts/channels';
import { depthwiseSplits } from './layouts/depthwise_splits';
import { filterGradientGrid } from './layouts/filter_gradient';
import { CHANNEL_MAJOR_FROM_ELEMENTS, CHANNEL_MAJOR_FROM_PACKED, channelMajorUniforms } from './programs/channel_major';
import { depthwiseSource } from './programs/depthwise';
import { depthwiseFilter, depthwiseFilterSums } from './programs/depthwise_filter';
import { filterGradientProgram, filterGradientUniforms } from './programs/filter_gradient';
import { filterGradientSum } from './programs/filter_gradient_sum';
import { LANES } from './programs/glsl';
import { drawResult } from './programs/result';
import type { Uniforms } from './drawing/uniforms';
import { type TensorTexture, elementsOf, packedTexelsOf } from './tfjs_internals';

export const backpropFilter = webglKernel({
  plan: (g, device) => {
    if (isChannelwise(g)) {
      const splits = depthwiseSplits(g, device);
      return splits ? { depthwiseSums: depthwiseFilterSums(g, splits) } : { depthwise: depthwiseFilter(g) };
    }
    const { targets, textureSize } = device;
    if (targets < 4) return unsupported(`it needs 4 render targets, and there are ${targets}`);
    const layouts = channelMajorLayouts(g, textureSize);
    if ('reason' in layouts) return layouts;
    const { x, dy } = layouts;
    const grid = filterGradientGrid(g, x, dy, device);
    if ('reason' in grid) return grid;
    return {
      groups: g.groups,
      x,
      xUniforms: channelMajorUniforms([g.batch, g.inHeight, g.inWidth, g.inChannels], x),
      dy,
      dyUniforms: channelMajorUniforms([g.batch, g.outHeight, g.outWidth, g.outChannels], dy),
      grid,
      program: filterGradientProgram(grid.quads),
      uniforms: filterGradientUniforms(g, x, dy, grid),
      most: Math.max(grid.width * grid.height, x.rows, dy.rows, x.width),
      dFilter: filterGradientSum(g, dy, grid),
    };
  },
  run: (scope, plan, x, dy, fused) => {
    if (plan.depthwise) return drawResult(scope, { x, dy }, depthwiseSource(plan.depthwise, [x, dy]), fused);
    if (plan.depthwiseSums) {
      const { splits, programs, uniforms, dFilter } = plan.depthwiseSums;
      const target = scope.layers(splits.width, splits.height, 1);
      scope.draw({ source: depthwiseSource(programs, [x, dy]), target, textures: { x, dy }, uniforms: [uniforms] });
      return drawResult(scope, { targets: target }, dFilter, fused);
    }
    const { groups, grid, program, uniforms, most, dFilter } = plan;
    const textures = {
      x: channelMajor(scope, x, plan.x, plan.xUniforms, groups),
      dy: channelMajor(scope, dy, plan.dy, plan.dyUniforms, groups),
    };
    const target = scope.layers(grid.width, grid.height, 4 * grid.quads);
    scope.draw({ source: program, target, textures, uniforms: [uniforms], most });
    return drawResult(scope, { targets: target }, dFilter, fused);
  },
});

/** An image in channel-major layout. */
function channelMajor(
  scope: Scope,
  image: TensorTexture,
  { depth, rows, textureWidth, textureHeight }: ChannelMajorLayout,
  uniforms: Uniforms,
  groups: number,
): RenderTarget {
  const fromPacked = depth >= 4 && pairsShareTexels(image, groups);
  const source = fromPacked ? CHANNEL_MAJOR_FROM_PACKED : CHANNEL_MAJOR_FROM_ELEMENTS;
  const target = scope.layers(textureWidth, textureHeight, LANES.length);
  const most = Math.max(fromPacked ? packedTexelsOf(image) : elementsOf(image), rows, textureWidth, textureHeight);
  scope.draw({ source, target, textures: { source: image }, uniforms: [uniforms], most });
  return target;
}
