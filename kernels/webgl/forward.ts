// SPDX-License-Identifier: Apache-2.0
/** What the forward variants share: all sum over the input channels of a group and the taps. */
import { type Conv2DTransposeGeometry } from '../../src/geometry/geometry';
import type { CorrelationRequest } from './correlation';

/** What each asks for in any case: read x with the filter as it is. */
export function forwardRequest(
  g: Conv2DTransposeGeometry,
): Pick<CorrelationRequest, 'batch' | 'channels' | 'imageHeight' | 'imageWidth' | 'tapRows' | 'tapCols' | 'order'> {
  return {
    batch: g.batch,
    channels: { channels: g.outChannels / g.groups, depth: g.inChannels / g.groups, groups: g.groups },
    imageHeight: g.inHeight,
    imageWidth: g.inWidth,
    tapRows: g.filterHeight,
    tapCols: g.filterWidth,
    order: 'forward',
  };
}
