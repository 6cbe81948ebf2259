// SPDX-License-Identifier: Apache-2.0
/** Later versions of tfjs, each of which keeps its tensors in a way of its own, and what the proof says of them. */
import type * as tf from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { LaterTfjs } from './later_tfjs';

type Entry = ReturnType<MathBackendWebGL['texData']['get']>;

/** Reads entries of `texData` otherwise. Whose `isPacked` we have set is a result, drawn to by us. */
function entries(change: (entry: Entry, real: MathBackendWebGL, dataId: object, isOurs: boolean) => object): LaterTfjs {
  const results = new WeakSet<Entry>();
  return {
    changes: (backend) => {
      const real = backend as MathBackendWebGL;
      const get = (dataId: object): Entry => {
        const entry = real.texData.get(dataId);
        return new Proxy(entry, {
          get: (target, key) => {
            const changed = change(entry, real, dataId, results.has(entry)) as Record<PropertyKey, unknown>;
            return key in changed ? changed[key] : Reflect.get(target, key);
          },
          set: (target, key, value) => {
            if (key === 'isPacked') results.add(entry);
            return Reflect.set(target, key, value);
          },
        });
      };
      return { texData: { get } };
    },
  };
}

/** The values of a packed tensor as a texture of the same size, with 4 elements of a row in each texel. */
function packed4x1({ texShape }: Entry, real: MathBackendWebGL, dataId: object): { texture: WebGLTexture } {
  const gl = real.gpgpu.gl as WebGL2RenderingContext;
  const [height, width] = texShape!.map((size) => Math.ceil(size / 2));
  const texels = new Float32Array(4 * width * height);
  texels.set(real.readSync(dataId) as Float32Array);
  const texture = gl.createTexture()!;
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, width, height, 0, gl.RGBA, gl.FLOAT, texels);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.bindTexture(gl.TEXTURE_2D, null);
  return { texture };
}

/** `isPacked` goes by another name: what we set is not what tfjs reads. */
function otherName(): LaterTfjs {
  return {
    changes: (backend) => {
      const real = backend as MathBackendWebGL;
      const set = new WeakMap<Entry, unknown>();
      const get = (dataId: object): Entry => {
        const entry = real.texData.get(dataId);
        return new Proxy(entry, {
          get: (target, key) => (key === 'isPacked' ? set.get(entry) : Reflect.get(target, key)),
          set: (target, key, value) => {
            if (key !== 'isPacked') return Reflect.set(target, key, value);
            set.set(entry, value);
            return true;
          },
        });
      };
      return { texData: { get } };
    },
  };
}

const without = (...names: string[]): LaterTfjs => ({
  changes: () => Object.fromEntries(names.map((name) => [name, undefined])),
});

/** By backend and name. */
export const LATER: Readonly<Record<string, Readonly<Record<string, readonly [LaterTfjs, RegExp]>>>> = {
  webgl: {
    'packs 4 × 1': [
      entries((entry, real, dataId, isOurs) =>
        entry.isPacked && entry.texture && !isOurs ? { texture: packed4x1(entry, real, dataId) } : {},
      ),
      /(a tensor that tfjs has packed|a result of several matrices): element \d+ is/,
    ],
    'counts the offset of a slice in bytes': [
      entries(({ slice }) => (slice ? { slice: { ...slice, flatOffset: 4 * slice.flatOffset } } : {})),
      /a slice: element \d+ is/,
    ],
    'keeps the offset of a slice elsewhere': [entries(() => ({ slice: undefined })), /a slice: element \d+ is/],
    'gives the width of a texture first': [
      entries(({ texShape }) => (texShape ? { texShape: [...texShape].reverse() } : {})),
      /a tensor uploaded, or a result read back: element \d+ is/,
    ],
    'does not say by which shape it has packed': [
      entries(({ isPacked, shape }, _real, _dataId, isOurs) =>
        isPacked && !isOurs ? { shape: [shape.reduce((a, b) => a * b)] } : {},
      ),
      /(a tensor that tfjs has packed|a result of several matrices): element \d+ is/,
    ],
    'calls isPacked otherwise': [otherName(), /element \d+ is/],
    'keeps single values off the GPU': [
      entries(({ shape }) => (shape.length === 1 && shape[0] === 1 ? { texture: null } : {})),
      /a single value: .*null/,
    ],
    'has no texData': [without('texData'), /undefined/],
    'calls gpgpu otherwise': [without('gpgpu'), /undefined/],
    'calls uploadToGPU otherwise': [without('uploadToGPU'), /uploadToGPU is not a function/],
    'has no flag WEBGL_PACK': [{ lacksFlag: 'WEBGL_PACK' }, /WEBGL_PACK/],
    'has no flag WEBGL_RENDER_FLOAT32_ENABLED': [
      { lacksFlag: 'WEBGL_RENDER_FLOAT32_ENABLED' },
      /WEBGL_RENDER_FLOAT32_ENABLED/,
    ],
  },
  webgpu: {
    'has no device': [without('device'), /its backend has no device/],
    'calls runWebGPUProgram otherwise': [without('runWebGPUProgram'), /its backend has no runWebGPUProgram/],
  },
  wasm: {
    'has no typedArrayFromHeap': [without('typedArrayFromHeap'), /typedArrayFromHeap is not a function/],
    'has no makeOutput': [without('makeOutput'), /makeOutput is not a function/],
    'gives a shifted view': [
      {
        changes: (real) => ({
          typedArrayFromHeap: (info: tf.TensorInfo) => {
            const { buffer, byteOffset, length } = (real as BackendWasm).typedArrayFromHeap(info) as Float32Array;
            return new Float32Array(buffer, byteOffset + 4, length);
          },
        }),
      },
      /a tensor of 1.5, -2, 3, 0, 5, 7 is read as -2, 3/,
    ],
    'gives a copy, not a view': [
      {
        changes: (real) => ({
          typedArrayFromHeap: (info: tf.TensorInfo) =>
            ((real as BackendWasm).typedArrayFromHeap(info) as Float32Array).slice(),
        }),
      },
      /a result of 1.5, -2, 3, 0, 5, 7 is read as/,
    ],
  },
  cpu: {
    'reads tensors as a list of bytes': [
      {
        changes: (real) => ({
          readSync: (dataId: object) => new Uint8Array((real.readSync(dataId) as Float32Array).buffer),
        }),
      },
      /a tensor of 1.5, -2, 3, 0, 5, 7 is read as 0, 0/,
    ],
  },
};
