// SPDX-License-Identifier: Apache-2.0
/** GLSL that reads a tensor of tfjs wherever it lies: ../tfjs_internals draws both of its forms. */

/** Members are set with the texture: ../drawing/program. */
export const TENSOR_STRUCT = `
struct Tensor {
  int lineTexels;
  int offset;      // elements in front of the first, if unpacked
  int packedRows;  // the last two dimensions of the packed shape; 0 if unpacked
  int packedCols;
};`;

/**
 * For a sampler `name`: `ivec2 nameTexel(int n)`, where texel n lies; and `float nameElement(int n)`, the n-th
 * element in row-major order.
 */
export function tensorElement(name: string): string {
  const tensor = `${name}Tensor`;
  return `
uniform sampler2D ${name};
uniform Tensor ${tensor};
ivec2 ${name}Texel(int n) {
  int y = quotient(n, ${tensor}.lineTexels);
  return ivec2(n - y * ${tensor}.lineTexels, y);
}
float ${name}Element(int n) {
  if (${tensor}.packedRows == 0) return texelFetch(${name}, ${name}Texel(n + ${tensor}.offset), 0).r;
  int line = quotient(n, ${tensor}.packedCols);
  int col = n - line * ${tensor}.packedCols;
  int matrix = quotient(line, ${tensor}.packedRows);
  int row = line - matrix * ${tensor}.packedRows;
  int texelRow = matrix * ((${tensor}.packedRows + 1) >> 1) + (row >> 1);
  int texel = texelRow * ((${tensor}.packedCols + 1) >> 1) + (col >> 1);
  vec4 four = texelFetch(${name}, ${name}Texel(texel), 0);
  vec2 pair = (row & 1) == 0 ? four.rg : four.ba;
  return (col & 1) == 0 ? pair.r : pair.g;
}`;
}
