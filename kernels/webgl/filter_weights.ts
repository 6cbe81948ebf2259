// SPDX-License-Identifier: Apache-2.0
/**
 * Brings a filter into what a correlation reads (layouts/filter_texels): as it lies, if tfjs has packed it in lines
 * that suit.
 */
import { keptBy } from '../../src/geometry/kept';
import type { Correlation } from './correlation';
import type { Scope, Texture } from './drawing/scope';
import { type FilterPlacement, placementAsItLies, placementLaidOut } from './layouts/filter_texels';
import { FILTER_TEXELS, filterTexelsUniforms } from './programs/filter_texels';
import { type TensorTexture, elementsOf } from './tfjs_internals';

/** A filter's texture, and where its texels are. */
export interface Weights {
  readonly texture: Texture;
  readonly placement: FilterPlacement;
}

export function filterWeights(scope: Scope, filter: TensorTexture, correlation: Correlation): Weights {
  const kept = placementsOf(correlation);
  const { channels, order } = correlation.request;
  const found = placementAsItLies(filter, channels, order);
  if (found) return { texture: filter, placement: (kept.asItLies ??= found) };
  const { folds, foldWidth, foldHeight } = correlation.filter;
  kept.uniforms ??= filterTexelsUniforms(filter.shape, channels, correlation.filter, order);
  const target = scope.texture(folds * foldWidth, foldHeight);
  const most = Math.max(folds * foldHeight, elementsOf(filter), 2 * foldWidth);
  scope.draw({ source: FILTER_TEXELS, target, textures: { source: filter }, uniforms: [kept.uniforms], most });
  return { texture: target, placement: (kept.laidOut ??= placementLaidOut(channels, correlation.filter)) };
}

/** The placements of a plan, made when they are first met: draws are kept by them. */
const placementsOf = keptBy(
  (
    _correlation: Correlation,
  ): {
    asItLies?: FilterPlacement;
    laidOut?: FilterPlacement;
    uniforms?: ReturnType<typeof filterTexelsUniforms>;
  } => ({}),
);
