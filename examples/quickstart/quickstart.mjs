// SPDX-License-Identifier: Apache-2.0
// The smallest use: doubles a 4×4 image of 8 channels to 8×8 and 3 channels, and takes the gradient of the filter.
import * as tf from '@tensorflow/tfjs';
import { conv2dTranspose } from 'tfjs-conv2d-transpose';
import 'tfjs-conv2d-transpose/cpu'; // registers the kernels of the cpu backend

await tf.setBackend('cpu');
const x = tf.randomNormal([1, 4, 4, 8]);
const filter = tf.variable(tf.randomNormal([3, 3, 3, 8]));
const y = conv2dTranspose(x, filter, undefined, 2, 'same', { variant: 'subpixel' });
const { grads } = tf.variableGrads(() => conv2dTranspose(x, filter, undefined, 2, 'same').square().mean());
console.log(y.shape, Object.values(grads)[0].shape); // [ 1, 8, 8, 3 ] [ 3, 3, 3, 8 ]
