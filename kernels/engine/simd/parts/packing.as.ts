// SPDX-License-Identifier: Apache-2.0
/**
 * Packs matrices into panels. Shares divide panels; the terms of rows, where panels are few and all of them are read
 * from the same rows.
 */
import { dividesEvenly, shareBegin, shareEnd } from './share.as';

/**
 * Packs a matrix of `channels` rows of `depth` terms, `rowBytes` apart, into panels of [depth][8], `panelBytes` apart;
 * zeros fill the last.
 */
export function packChannelRows(
  from: usize, rowBytes: i32, depth: i32, channels: i32, to: usize, panelBytes: i32,
): void {
  const panels = (channels + 7) >> 3;
  const begin = shareBegin(panels) << 3;
  channels = min(channels, shareEnd(panels) << 3);
  to += shareBegin(panels) * panelBytes;
  for (let c = begin; c < channels; c += 8, to += panelBytes) {
    packChannels(from + <usize>c * rowBytes, rowBytes, depth, min(8, channels - c), to);
  }
}

/** Packs up to 8 rows of `depth` terms into a panel. */
export function packChannels(w: usize, rowBytes: i32, depth: i32, width: i32, to: usize): void {
  if (width < 8) memory.fill(to, 0, <usize>depth << 5);
  let j = 0;
  for (; j + 4 <= width; j += 4, w += 4 * rowBytes) {
    const w1 = w + rowBytes;
    const w2 = w1 + rowBytes;
    const w3 = w2 + rowBytes;
    let at = to + (<usize>j << 2);
    let k = 0;
    for (; k + 4 <= depth; k += 4, at += 128) {
      const offset = <usize>k << 2;
      const a = v128.load(w + offset), b = v128.load(w1 + offset);
      const d = v128.load(w2 + offset), e = v128.load(w3 + offset);
      const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      const de = v128.shuffle<f32>(d, e, 0, 4, 1, 5), de2 = v128.shuffle<f32>(d, e, 2, 6, 3, 7);
      v128.store(at, v128.shuffle<f32>(ab, de, 0, 1, 4, 5));
      v128.store(at, v128.shuffle<f32>(ab, de, 2, 3, 6, 7), 32);
      v128.store(at, v128.shuffle<f32>(ab2, de2, 0, 1, 4, 5), 64);
      v128.store(at, v128.shuffle<f32>(ab2, de2, 2, 3, 6, 7), 96);
    }
    for (; k < depth; k++, at += 32) {
      const offset = <usize>k << 2;
      store<f32>(at, load<f32>(w + offset));
      store<f32>(at, load<f32>(w1 + offset), 4);
      store<f32>(at, load<f32>(w2 + offset), 8);
      store<f32>(at, load<f32>(w3 + offset), 12);
    }
  }
  for (; j < width; j++, w += rowBytes) {
    let at = to + (<usize>j << 2);
    for (let k = 0; k < depth; k++, at += 32) store<f32>(at, load<f32>(w + (<usize>k << 2)));
  }
}

/**
 * Packs a matrix of `depth` rows of `channels` values, `rowBytes` apart, into panels of [depth][width], `panelBytes`
 * apart; zeros fill the last.
 */
export function packRows(
  from: usize, rowBytes: i32, depth: i32, channels: i32, width: i32, to: usize, panelBytes: i32,
): void {
  const panels = (channels + width - 1) / width;
  let c = 0;
  if (dividesEvenly(panels)) {
    c = shareBegin(panels) * width;
    to += shareBegin(panels) * panelBytes;
    channels = min(channels, shareEnd(panels) * width);
  } else {
    const begin = shareBegin(depth);
    depth = shareEnd(depth) - begin;
    from += begin * rowBytes;
    to += (begin * width) << 2;
  }
  for (; c < channels; c += width, to += panelBytes) {
    packTerms(from + (<usize>c << 2), rowBytes, depth, min(width, channels - c), width, to);
  }
}

/** Packs `valid` values of `depth` rows into a panel of that width. */
export function packTerms(w: usize, rowBytes: i32, depth: i32, valid: i32, width: i32, at: usize): void {
  if (valid === 8) {
    for (let k = 0; k < depth; k++, w += rowBytes, at += 32) {
      v128.store(at, v128.load(w));
      v128.store(at, v128.load(w, 16), 16);
    }
  } else {
    for (let k = 0; k < depth; k++, w += rowBytes, at += <usize>width << 2) {
      for (let j = 0; j < width; j++) {
        store<f32>(at + (<usize>j << 2), j < valid ? load<f32>(w + (<usize>j << 2)) : 0);
      }
    }
  }
}
