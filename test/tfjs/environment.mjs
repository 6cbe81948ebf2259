// SPDX-License-Identifier: Apache-2.0
/** Where tfjs's tests run: `TFJS_TEST_ENV`, a constant of the bundle. Loaded before them, as they ask at once. */
/* eslint-disable no-restricted-imports -- What tfjs's tests need is inside of tfjs. */
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util';

/* global TFJS_TEST_ENV -- By esbuild. */
setTestEnvs([TFJS_TEST_ENV]);
