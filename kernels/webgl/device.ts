// SPDX-License-Identifier: Apache-2.0
/** What a machine's WebGL allows, as far as plans depend on it, and how it is called. */
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { Settings } from '../../src/contract';
import { isChannelwise } from '../../src/geometry/geometry';
import { Recent } from '../../src/geometry/kept';
import { keptOf, rendererOf } from './drawing/context';
import { glOf, isWebGL2, maxTextureSize } from './tfjs_internals';
import { type CorrelationTile, largestTile, tileName, tilesWithin } from './tiles';

export interface Device {
  /** The largest width and height of a texture. */
  readonly textureSize: number;
  /** How many render targets a fragment can write to, as far as that is proven: 8, 4, 2, 1 or 0. */
  readonly targets: number;
  /** Why not more. */
  readonly reason: string;
  /** What a fragment of a correlation computes. */
  readonly tile: CorrelationTile;
}

/**
 * GPUs whose threads have no more than 64 registers at full speed, by what their renderers are called; and names that
 * say nothing, behind which there may be one of them. All others have 128, of which desktops' have more: but then fewer
 * threads run at once.
 */
const FEW_REGISTERS = /mali|immortalis|adreno|powervr|videocore|\bv3d\b|broadcom/i;
const MASKED = /^(|mozilla|webkit webgl|generic renderer)$/i;

/** Registers of a thread that programs may take: 64 or 128. */
export function registersOf(renderer: string): number {
  return FEW_REGISTERS.test(renderer) || MASKED.test(renderer.trim()) ? 64 : 128;
}

/** Renderers that compute on the CPU: the calibration is of one of them. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|basic render/i;

export function isSoftware(backend: MathBackendWebGL): boolean {
  return SOFTWARE.test(isWebGL2() ? keptOf(backend).renderer : rendererOf(glOf(backend)));
}

const devices = /* @__PURE__ */ new Recent<Device>();

/** By the names of devices, the tiles that are set there. */
const tilesSet = /* @__PURE__ */ new Map<string, string>();

/** The device of a backend, by value: the same object for as long as no flag changes. So plans can be kept by it. */
export function deviceOf(backend: MathBackendWebGL): Device {
  const textureSize = maxTextureSize();
  const kept = keptOf(backend);
  const { targets, reason } = kept.proof;
  const registers = registersOf(kept.renderer);
  const set = tilesSet.size > 0 ? tilesSet.get(deviceName(backend)) : undefined;
  return devices.get(`${textureSize} ${targets} ${registers} ${set} ${reason}`, () => {
    const tiles = tilesWithin(targets);
    const tile = tiles.find((one) => tileName(one) === set) ?? largestTile(tiles, registers);
    return Object.freeze({ textureSize, targets, reason, tile });
  });
}

/** Tiles can be set by `tune`. The usual one is the largest that the device has room for. */
export const settings: Settings<MathBackendWebGL> = {
  of: 'tile of a fragment',
  names: (backend) => {
    const { proof, renderer } = keptOf(backend);
    if (proof.targets === 0) return [];
    const tiles = tilesWithin(proof.targets);
    const usual = largestTile(tiles, registersOf(renderer));
    return [usual, ...tiles.filter((tile) => tile !== usual)].map(tileName);
  },
  inUse: (backend) => tileName(deviceOf(backend).tile),
  use: (device, name) => void (name === undefined ? tilesSet.delete(device) : tilesSet.set(device, name)),
  concern: (g) => !isChannelwise(g),
};

/**
 * The name of a device, which keys what is measured on it; with fewer than 8 targets also how many, and why; with few
 * registers, that programs are made for them.
 */
export function deviceName(backend: MathBackendWebGL): string {
  if (!isWebGL2()) return toldApart(rendererOf(glOf(backend)));
  const kept = keptOf(backend);
  const name = toldApart(kept.renderer);
  if (kept.isLost) return name;
  const { targets, reason } = kept.proof;
  const registers = registersOf(kept.renderer);
  const fewTargets = targets === 8 ? '' : `, ${targets} render targets (${reason})`;
  return `${name}${fewTargets}${registers >= 128 ? '' : `, programs for ${registers} registers`}`;
}

/** The name of a renderer, with the machine where all have that name. */
function toldApart(renderer: string): string {
  return renderer === 'Apple GPU' ? `${renderer} (${machine()})` : renderer;
}

/** What tells machines apart where every renderer has one name, as in WebKit. */
function machine(): string {
  const { platform = '', hardwareConcurrency = 0 } = typeof navigator === 'undefined' ? {} : navigator;
  return `${platform}, ${hardwareConcurrency} cores, textures up to ${maxTextureSize()}`;
}
