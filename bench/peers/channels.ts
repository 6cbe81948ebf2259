// SPDX-License-Identifier: Apache-2.0
/** Values with their channels last, as tfjs has them, and first, as ONNX does. */

/** `[batch, …pixels, channels]` to `[batch, channels, …pixels]`. */
export function channelsFirst(values: Float32Array, batch: number, channels: number): Float32Array {
  return transposed(values, batch, values.length / batch / channels, channels);
}

/** `[batch, channels, …pixels]` to `[batch, …pixels, channels]`. */
export function channelsLast(values: Float32Array, batch: number, channels: number): Float32Array {
  return transposed(values, batch, channels, values.length / batch / channels);
}

/** `[batch, rows, columns]` to `[batch, columns, rows]`. */
function transposed(values: Float32Array, batch: number, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let n = 0; n < batch; n++) {
    const from = n * rows * columns;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++)
        result[from + column * rows + row] = values[from + row * columns + column];
    }
  }
  return result;
}
