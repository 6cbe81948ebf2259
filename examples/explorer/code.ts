// SPDX-License-Identifier: Apache-2.0
/** The code for a geometry in four libraries. */
import type { AxisArithmetic } from '../../src/geometry/arithmetic';
import { fullSize } from '../../src/geometry/axis';
import type { Settings } from './settings';

export const LIBRARIES = ['tfjs-conv2d-transpose', 'tf', 'Keras', 'PyTorch'] as const;
export type Library = (typeof LIBRARIES)[number];

const [IN, OUT] = [16, 8];

/** A snippet that computes this geometry, with 16 channels in and 8 out. */
export function codeFor(library: Library, settings: Settings, axis: AxisArithmetic): string {
  return { 'tfjs-conv2d-transpose': ours, tf: stock, Keras: keras, PyTorch: pytorch }[library](settings, axis);
}

function ours({ pad, padding, outputPadding, dilation, input, kernel, stride }: Settings): string {
  const options = [
    ...(dilation > 1 ? [`dilations: ${dilation}`] : []),
    ...(outputPadding > 0 ? [`outputPadding: ${outputPadding}`] : []),
  ];
  const padText = pad === 'number' ? padding : `'${pad}'`;
  const last = options.length > 0 ? `, { ${options.join(', ')} }` : '';
  return `import { conv2dTranspose } from 'tfjs-conv2d-transpose';

const x = tf.randomNormal([1, ${input}, ${input}, ${IN}]);
const filter = tf.randomNormal([${kernel}, ${kernel}, ${OUT}, ${IN}]);
const y = conv2dTranspose(x, filter, undefined, ${stride}, ${padText}${last});`;
}

function stock(
  { pad, outputPadding, input, kernel, stride, dilation }: Settings,
  { outSize, padBegin, padEnd }: AxisArithmetic,
): string {
  if (dilation > 1)
    return '// tf.conv2dTranspose has no dilation: insert the zeros into the filter, or use tfjs-conv2d-transpose.';
  const inNumbers = pad === 'number' || outputPadding > 0; // An output padding changes what 'same' crops.
  const sides = `[${padBegin}, ${padEnd}]`;
  const crop = padBegin === padEnd ? `${padBegin}, 'floor'` : `[[0, 0], ${sides}, ${sides}, [0, 0]]`;
  const padText = inNumbers ? crop : `'${pad}'`;
  return `const x = tf.randomNormal([1, ${input}, ${input}, ${IN}]);
const filter = tf.randomNormal([${kernel}, ${kernel}, ${OUT}, ${IN}]);
const y = tf.conv2dTranspose(x, filter, [1, ${outSize}, ${outSize}, ${OUT}], ${stride}, ${padText});`;
}

function keras(settings: Settings, axis: AxisArithmetic): string {
  const { outSize, inSize, kernel, stride, dilation, padBegin } = axis;
  const { pad, outputPadding } = settings;
  if (outputPadding >= stride && outputPadding > 0)
    return `# Keras wants an output_padding below the stride: ${outputPadding} is not below ${stride}.`;
  const own = outputPadding > 0 ? outputPadding : undefined;
  const options = [
    `strides=${stride}`,
    `padding="${pad === 'same' ? 'same' : 'valid'}"`,
    ...(own === undefined ? [] : [`output_padding=${own}`]),
    ...(dilation > 1 ? [`dilation_rate=${dilation}`] : []),
  ];
  const note =
    stride > 1 && dilation > 1
      ? '# TensorFlow as its backend takes no strides together with dilation_rate; JAX and PyTorch do.\n'
      : '';
  const code = `${note}x = keras.Input((${inSize}, ${inSize}, ${IN}))
y = keras.layers.Conv2DTranspose(${[OUT, kernel, ...options].join(', ')})(x)`;
  if (pad === 'same') return code;
  // What 'valid' makes, then what is too much cropped. Without an output padding Keras's is stride·input at least.
  const full = own === undefined ? Math.max(fullSize(axis), stride * inSize) : fullSize(axis) + own;
  const [begin, end] = [padBegin, full - outSize - padBegin];
  if (begin === 0 && end === 0) return code;
  return `${code}\ny = keras.layers.Cropping2D(((${begin}, ${end}), (${begin}, ${end})))(y)`;
}

function pytorch(_: Settings, axis: AxisArithmetic): string {
  const { outSize, inSize, kernel, stride, dilation, padBegin } = axis;
  // PyTorch crops the same on both sides. What is cropped less behind is its output_padding; what is cropped more has
  // to be cut off.
  const behind = outSize - (fullSize(axis) - 2 * padBegin);
  const padding = Math.max(0, behind);
  const options = [
    ...(stride > 1 ? [`stride=${stride}`] : []),
    ...(padBegin > 0 ? [`padding=${padBegin}`] : []),
    ...(padding > 0 ? [`output_padding=${padding}`] : []),
    ...(dilation > 1 ? [`dilation=${dilation}`] : []),
  ];
  return `x = torch.randn(1, ${IN}, ${inSize}, ${inSize})
layer = torch.nn.ConvTranspose2d(${[IN, OUT, kernel, ...options].join(', ')})
y = layer(x)${behind < 0 ? `[:, :, :${outSize}, :${outSize}]` : ''}`;
}
