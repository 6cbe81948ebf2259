// SPDX-License-Identifier: Apache-2.0
/**
 * Dilate: a program inserts zeros and pads, then a dense correlation of stride 1 with the flipped filter. It multiplies by the inserted
 * zeros, so stride² times the useful work.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { type Conv2DTransposeGeometry, yShapeOf } from '../../src/geometry/geometry';
import { collectImage } from './collect';
import { denseImage } from './images';
import { type ProgramSource, draw } from './draw';
import type { Epilogue } from './epilogue';
import { type Limits, type Plan, forwardSums, planCorrelation, runPlan } from './plan';
import { type DenseLayout, denseLayout, makeTexture } from './textures';

export interface DilatePlan extends Plan {
  /** The input as it is; `image` is the layout of the zero-inserted one. */
  readonly input: DenseLayout;
}

export function planDilate(g: Conv2DTransposeGeometry, limits: Limits): DilatePlan | string {
  const [height, width] = paddedSize(g);
  const wanted = {
    ...forwardSums(g),
    rows: g.outHeight,
    cols: g.outWidth,
    imageRows: g.batch * height,
    imageWidth: width,
  };
  const plan = planCorrelation(wanted, limits);
  if (typeof plan === 'string') return plan;
  const input = denseLayout(g.batch * g.inHeight, g.inWidth, plan.image.texels, limits.size);
  return input ? { ...plan, input } : `x does not fit a texture of ${limits.size} × ${limits.size}`;
}

export function dilate(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  plan: DilatePlan,
  x: TensorInfo,
  filter: TensorInfo,
  epilogue?: Epilogue,
): TensorInfo {
  const course = {
    imageHeight: paddedSize(g)[0],
    stepRows: 1,
    stepCols: 1,
    filterWidth: g.filterWidth,
    phases: [
      {
        phaseRow: 0,
        phaseCol: 0,
        rows: { count: g.filterHeight, offset: 0, offsetStep: g.dilationHeight, tap: g.filterHeight - 1, tapStep: -1 },
        cols: { count: g.filterWidth, offset: 0, offsetStep: g.dilationWidth, tap: g.filterWidth - 1, tapStep: -1 },
      },
    ],
  };
  const input = denseImage(backend, x, plan.input, g.groups);
  const image = insertZeros(g, backend, plan, input);
  backend.disposeIntermediateTensorInfo(input);
  return runPlan(backend, plan, { info: image, inBlocks: false, made: true }, filter, 'forward', course, (targets) =>
    collectImage(backend, plan.grid, targets, yShapeOf(g), epilogue),
  );
}

/** Height and width of the zero-inserted, padded image. */
function paddedSize(g: Conv2DTransposeGeometry): [number, number] {
  return [g.outHeight + g.dilationHeight * (g.filterHeight - 1), g.outWidth + g.dilationWidth * (g.filterWidth - 1)];
}

const INSERT_ZEROS: ProgramSource = {
  key: 'insert zeros',
  fragment: `
uniform sampler2D A;
uniform ivec2 pads, strides, inSize;
uniform ivec3 input_, padded;
layout(location = 0) out vec4 value;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  int texels = padded.y * input_.z;
  int side = quotient(at.x, texels);
  int row = at.y * padded.x + side;
  int within = at.x - side * texels;
  int col = quotient(within, input_.z);
  int batch = quotient(row, padded.z);
  int y = row - batch * padded.z - pads.x;
  int x = col - pads.y;
  int i = quotient(max(y, 0), strides.x), j = quotient(max(x, 0), strides.y);
  value = vec4(0.);
  if (y >= 0 && x >= 0 && i * strides.x == y && j * strides.y == x && i < inSize.x && j < inSize.y) {
    int line = batch * inSize.x + i;
    int lineY = quotient(line, input_.x);
    value = texelFetch(A, ivec2(((line - lineY * input_.x) * inSize.y + j) * input_.z + within - col * input_.z, lineY), 0);
  }
}`,
};

function insertZeros(
  g: Conv2DTransposeGeometry,
  backend: MathBackendWebGL,
  { image, input }: DilatePlan,
  A: TensorInfo,
): TensorInfo {
  const target = makeTexture(backend, image.textureWidth, image.textureHeight);
  const uniforms = {
    pads: [g.dilationHeight * (g.filterHeight - 1) - g.padTop, g.dilationWidth * (g.filterWidth - 1) - g.padLeft],
    strides: [g.strideHeight, g.strideWidth],
    inSize: [g.inHeight, g.inWidth],
    input_: [input.rowsPerLine, input.width, input.texels],
    padded: [image.rowsPerLine, image.width, paddedSize(g)[0]],
  };
  draw(backend, {
    source: INSERT_ZEROS,
    target,
    textures: { A },
    passes: [{ viewport: [0, 0, image.textureWidth, image.textureHeight], uniforms }],
  });
  return target;
}
