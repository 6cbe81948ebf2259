// SPDX-License-Identifier: Apache-2.0
/** The code for a geometry in four libraries. */
import type { AxisArithmetic } from '../../src/geometry/arithmetic';
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
  return `import { conv2dTranspose } from 'tfjs-conv2d-transpose';

const x = tf.randomNormal([1, ${input}, ${input}, ${IN}]);
const filter = tf.randomNormal([${kernel}, ${kernel}, ${OUT}, ${IN}]);
const y = conv2dTranspose(x, filter, undefined, ${stride}, ${pad === 'number' ? padding : `'${pad}'`}${options.length > 0 ? `, { ${options.join(', ')} }` : ''});`;
}

function stock(
  { pad, outputPadding, input, kernel, stride, dilation }: Settings,
  { outSize, padBegin, padEnd }: AxisArithmetic,
): string {
  if (dilation > 1)
    return `// tf.conv2dTranspose has no dilation: insert the zeros into the filter, or use tfjs-conv2d-transpose.`;
  const inNumbers = pad === 'number' || outputPadding > 0; // An output padding changes what 'same' crops.
  const sides = `[${padBegin}, ${padEnd}]`;
  const crop = padBegin === padEnd ? `${padBegin}, 'floor'` : `[[0, 0], ${sides}, ${sides}, [0, 0]]`;
  return `const x = tf.randomNormal([1, ${input}, ${input}, ${IN}]);
const filter = tf.randomNormal([${kernel}, ${kernel}, ${OUT}, ${IN}]);
const y = tf.conv2dTranspose(x, filter, [1, ${outSize}, ${outSize}, ${OUT}], ${stride}, ${inNumbers ? crop : `'${pad}'`});`;
}

function keras(
  settings: Settings,
  { outSize, inSize, kernel, stride, dilation, effectiveKernel, padBegin }: AxisArithmetic,
): string {
  const { pad, outputPadding } = settings;
  if (outputPadding >= stride && outputPadding > 0)
    return `# Keras wants an output_padding below the stride: ${outputPadding} is not below ${stride}.`;
  const layer = (padding: string, own: number | undefined): string =>
    `keras.layers.Conv2DTranspose(${OUT}, ${kernel}, strides=${stride}, padding="${padding}"${own === undefined ? '' : `, output_padding=${own}`}${dilation > 1 ? `, dilation_rate=${dilation}` : ''})`;
  const start = `x = keras.Input((${inSize}, ${inSize}, ${IN}))\n`;
  const note = stride > 1 && dilation > 1 ? '# TensorFlow as its backend takes no strides together with dilation_rate; JAX and PyTorch do.\n' : ''; // prettier-ignore
  if (pad === 'same') return `${note}${start}y = ${layer('same', outputPadding > 0 ? outputPadding : undefined)}(x)`;
  // What 'valid' makes, then what is too much cropped.
  const own = outputPadding > 0 ? outputPadding : undefined;
  const full = own === undefined ? stride * inSize + Math.max(effectiveKernel - stride, 0) : stride * (inSize - 1) + effectiveKernel + own; // prettier-ignore
  const [begin, end] = [padBegin, full - outSize - padBegin];
  const crop =
    begin === 0 && end === 0 ? '' : `\ny = keras.layers.Cropping2D(((${begin}, ${end}), (${begin}, ${end})))(y)`;
  return `${note}${start}y = ${layer('valid', own)}(x)${crop}`;
}

function pytorch(
  _: Settings,
  { outSize, inSize, kernel, stride, dilation, effectiveKernel, padBegin }: AxisArithmetic,
): string {
  // PyTorch crops the same on both sides; what is cropped less behind is its output_padding, what is cropped more has to be cut off.
  const behind = outSize - (stride * (inSize - 1) + effectiveKernel - 2 * padBegin);
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
