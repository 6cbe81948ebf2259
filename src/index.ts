// SPDX-License-Identifier: Apache-2.0
/**
 * The public face of the library. Importing it has no side effects; import `…/cpu` for the kernels of the cpu backend.
 *
 * @module tfjs-conv2d-transpose
 */
export { type Conv2DTransposeOptions, type OutputShape, conv2dTranspose } from './op/conv2d_transpose';
export {
  type Axis,
  type AxisPad,
  type AxisRequest,
  type DimRoundingMode,
  effectiveKernel,
  possibleOutSizes,
} from './geometry/axis';
export { type AxisArithmetic, axisArithmetic, conv2dTransposeArithmetic } from './geometry/arithmetic';
export { type Conv2DTransposeGeometry } from './geometry/geometry';
export {
  type DataFormat,
  type ExplicitPadding,
  type GeometryOptions,
  type GeometryRequest,
  type Pad,
  type Pair,
  computeGeometry,
} from './geometry/request';
export { type Phase, type PhaseTap } from './geometry/phases';
export {
  ACTIVATIONS,
  type Activation,
  type BackendDescriptor,
  type Contender,
  type OurContender,
  type Conv2DTransposeAttrs,
  Conv2DTransposeBackpropFilter,
  Conv2DTransposeBackpropInput,
  type FamilyKernel,
  type FusedInfo,
  KERNEL_OF_VARIANT,
  type KernelCall,
  PASSES,
  type Pass,
  REPLACEABLE,
  type Replaceable,
  type ScratchMeter,
  type Settings,
  type Support,
  type Unsupported,
  VARIANTS,
  type Variant,
} from './contract';
export { type Conv1DTransposeOptions, conv1dTranspose } from './op/conv1d_transpose';
export {
  type Conv2DTransposeCall,
  type OnnxConvTranspose,
  type PyTorchConvTranspose2d,
  fromOnnx,
  fromPyTorch,
} from './integrations/interop';
export { registerGradients } from './op/gradients';
export { type LayerLike, type LayersModelLike, requestsOf } from './choice/model_requests';
export { type TuneOptions, tune } from './choice/tune';
export { type BestSetting } from './choice/settings';
export { type Tuning, type Winner, clearTuning, exportTuning, importTuning } from './choice/winners';
export {
  type ExplainedSetting,
  type Explanation,
  type InstalledKernel,
  type KnownTimes,
  explain,
} from './choice/explain';
export { type InstallOptions, install, uninstall } from './integrations/install';
import { type FusedConv2DTransposeConfig, fusedConv2dTranspose } from './op/fused';
export { type FusedConv2DTransposeConfig };
/**
 * Ops with a bias and an activation in their kernels, as `tf.fused`.
 *
 * @namespace
 */
export const fused = { conv2dTranspose: fusedConv2dTranspose };
