// SPDX-License-Identifier: Apache-2.0
/** WebGPU alone, and all specs on it: what takes too long for every run of the tests. */
import * as tf from '@tensorflow/tfjs';
import '../../kernels';
import { environments } from './environments';
import { webgpu, webgpuOtherwise } from './webgpu_environment';

tf.env().set('IS_TEST', true);

environments.push(webgpu, webgpuOtherwise);
