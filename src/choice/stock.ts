// SPDX-License-Identifier: Apache-2.0
/** tfjs's own kernels as contenders: what a pass of a geometry is to them. */
import { type KernelConfig, type NamedAttrMap, getKernel } from '@tensorflow/tfjs-core';
import { type Operand, PASSES, PASS_OPERANDS, type Pass, SHAPE_OF, stockKernelOf } from '../contract';
import { geometryOfConvolution, isDepthwise, stockFilterShape } from '../geometry/convolution';
import { type Conv2DTransposeGeometry, yShapeOf } from '../geometry/geometry';
import { keptBy } from '../geometry/kept';

/** A kernel of ours that stands in the place of tfjs's remembers it (../integrations/replacements). */
export interface Replacement<C> {
  readonly replaced: { readonly config: C | undefined };
  /** Whether it leaves to stock what that computes faster. */
  readonly chooses?: boolean;
}

/** What is registered, or what stood there before a copy of this package replaced it. */
export function stockOf<C extends object>(registered: C | undefined): C | undefined {
  return registered && 'replaced' in registered
    ? (registered as unknown as Replacement<C>).replaced.config
    : registered;
}

/** Whether a kernel of ours stands in the place of stock's for a pass: `install` has put it there. */
export function isInstalled(pass: Pass, g: Conv2DTransposeGeometry, backendName: string): boolean {
  const registered = getKernel(stockKernelOf(pass, g), backendName);
  return registered !== undefined && 'replaced' in registered;
}

/** Whether the kernel of ours that stands there leaves to stock what that computes faster. */
export function choosesStock(pass: Pass, g: Conv2DTransposeGeometry, backendName: string): boolean {
  const registered = getKernel(stockKernelOf(pass, g), backendName) as Partial<Replacement<KernelConfig>> | undefined;
  return registered?.chooses === true;
}

/** A pass of a geometry as stock's kernel is told it. */
export interface StockCall {
  readonly kernel: KernelConfig;
  /** What stock calls our two operands of the pass, in our order: x and filter; dy and filter; x and dy. */
  readonly operands: readonly [string, string];
  readonly attrs: NamedAttrMap;
}

const OPERANDS: Readonly<Record<Pass, StockCall['operands']>> = {
  forward: ['dy', 'filter'],
  'input gradient': ['x', 'filter'],
  'filter gradient': ['dy', 'x'],
};

/** The shapes that our two operands of a pass have for stock, in our order. */
export function stockShapes(pass: Pass, g: Conv2DTransposeGeometry): number[][] {
  return PASS_OPERANDS[pass].takes.map((name: Operand) =>
    name === 'filter' ? stockFilterShape(g) : SHAPE_OF[name](g),
  );
}

/** What stock's kernel is told of a pass; `undefined` if it cannot compute it. */
function attrsFor(pass: Pass, g: Conv2DTransposeGeometry): NamedAttrMap | undefined {
  const kind = isDepthwise(g) ? 'depthwise' : undefined;
  if (g.groups > 1 && !kind) return undefined;
  const [inputShape, filterShape] = [yShapeOf(g), stockFilterShape(g)];
  const strides: [number, number] = [g.strideHeight, g.strideWidth];
  const dilations: [number, number] = [g.dilationHeight, g.dilationWidth];
  const pad: [number, number][] = [
    [0, 0],
    [g.padTop, g.padBottom],
    [g.padLeft, g.padRight],
    [0, 0],
  ];
  const isDilated = dilations.some((dilation) => dilation > 1);
  // Only conv2d takes dilations. And a convolution that rounds its size up has pads that no pad says.
  if (isDilated && pass !== 'input gradient') return undefined;
  // Nor does a depthwise one where there are strides as well.
  if (isDilated && kind && strides.some((stride) => stride > 1)) return undefined;
  const convolution = { xShape: inputShape, filterShape, strides, pad: pad as never, dilations, kind } as const;
  const told = geometryOfConvolution(convolution);
  if ((Object.keys(g) as (keyof Conv2DTransposeGeometry)[]).some((name) => told[name] !== g[name])) return undefined;
  const attrs = { strides, pad, dilations, dataFormat: 'NHWC', inputShape, filterShape };
  return attrs as unknown as NamedAttrMap;
}

const attrsOf = keptBy(
  (g: Conv2DTransposeGeometry) =>
    Object.fromEntries(PASSES.map((pass) => [pass, attrsFor(pass, g)])) as Record<Pass, NamedAttrMap | undefined>,
);

/** Whether stock's kernel computes a pass of a geometry, where there is one, and rightly. */
export function stockComputes(pass: Pass, g: Conv2DTransposeGeometry): boolean {
  return attrsOf(g)[pass] !== undefined;
}

/** How stock computes a pass of a geometry on a backend; `undefined` if it cannot. */
export function stockCall(pass: Pass, g: Conv2DTransposeGeometry, backendName: string): StockCall | undefined {
  const kernel = stockOf(getKernel(stockKernelOf(pass, g), backendName) as KernelConfig | undefined);
  const attrs = attrsOf(g)[pass];
  return kernel && attrs && { kernel, operands: OPERANDS[pass], attrs };
}
