// SPDX-License-Identifier: Apache-2.0
/** What specs run on under jest: the cpu backend with our kernels. */
import * as tf from '@tensorflow/tfjs';
import '../../kernels/cpu';
import { environments } from './environments';

tf.env().set('IS_TEST', true); // No advertisement for tfjs-node.
environments.push({ name: 'cpu', backend: 'cpu' });
