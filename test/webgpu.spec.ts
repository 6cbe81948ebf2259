// SPDX-License-Identifier: Apache-2.0
/** What only WebGPU can get wrong: buffers, limits of a device, compiled programs, what WGSL fuses, a lost device. */
import * as tf from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { descriptor } from '../kernels/webgpu';
import { computeGeometry, conv2dTranspose, explain, fused, install, uninstall } from '../src';
import { ACTIVATIONS, kernelFor, supportOf } from '../src/contract';
import { mismatch } from './support/compare';
import { EXACT_VARIANTS, describeOnEveryBackend } from './support/environments';
import { opArguments, runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { filterShape, layer, randomOperands, xShape, yShape } from './support/layer';
import * as oracle from './support/oracle';
import { backend, programs, renewed, used, withLimits } from './support/webgpu_backend';

describeOnEveryBackend('webgpu', specs, (environment) => environment.name === 'webgpu');

function specs(): void {
  const l = layer({ inChannels: 8, outChannels: 4, pads: [1, 0, 0, 1], batch: 2 });
  const { x, filter, dy } = randomOperands(l, 'webgpu');
  const truth = oracle.forward(l, x, filter);

  it('says what it runs on', () => {
    expect(descriptor.probe(backend())).toEqual({ supported: true });
    expect(descriptor.device(backend())).not.toBe('');
  });

  for (const [who, first, adapter] of [
    ['each invocation of a GPU that says it is simulated', 'an invocation', { isFallbackAdapter: true }],
    ['each invocation of one that is known to be', 'an invocation', { vendor: 'google', architecture: 'swiftshader' }],
    ['a workgroup of any other', 'a workgroup', { vendor: 'a vendor', isFallbackAdapter: false }],
  ] as const) {
    it(`usually has tiles computed by ${who}`, () => {
      const { limits } = backend().device;
      const device = { limits, features: new Set<string>(), adapterInfo: adapter };
      const other = Object.assign(Object.create(backend()) as WebGPUBackend, { device });
      expect(descriptor.settings!.names(other)[0]).toBe(first);
    });
  }

  it('installed, leaves conv2d to stock on GPUs that are not simulated, and nothing else', async () => {
    const g = computeGeometry({ xShape: [1, 6, 5, 8], filterShape: [3, 3, 8, 8], strides: 1, pad: 'same' });
    const sums = (): number[] =>
      tf.tidy(() => [...tf.conv2d(tf.ones<tf.Rank.R4>([1, 6, 5, 8]), tf.ones([3, 3, 8, 8]), 1, 'same').dataSync()]);
    const runs = (): unknown => Object.values(explain(g).installed).map(({ runs }) => runs);
    for (const [isFallbackAdapter, byWhom] of [
      [true, 'ours'],
      [false, 'stock'],
    ] as const) {
      await renewed((device) => Object.defineProperty(device, 'adapterInfo', { value: { isFallbackAdapter } }));
      install({ backends: ['webgpu'] });
      expect(runs()).toEqual(['subpixel', byWhom, 'ours']);
      if (byWhom === 'stock') expect(explain(g).installed['input gradient']!.reason).toMatch(/tune compares them/);
      expect([...new Set(sums())]).toEqual([4 * 8, 6 * 8, 9 * 8]);
      install({ backends: ['webgpu'], kernels: ['Conv2D'] });
      expect(runs()).toEqual(['ours']);
      uninstall();
    }
    await renewed();
  });

  it('takes tensors that were cast to floats, whose buffers hold integers', () => {
    const small = layer({ inSize: [2, 2], kernel: [2, 2], inChannels: 2, outChannels: 2 });
    const values = (shape: number[], most: number): number[] =>
      Array.from({ length: tf.util.sizeFromShape(shape) }, (_, n) => (n * 7) % most);
    const [a, w, b] = [values(xShape(small), 2), values(filterShape(small), 5), [3, -4]];
    tf.tidy(() => {
      const $x = tf.tensor4d(a, xShape(small), 'bool').toFloat() as tf.Tensor4D;
      const $filter = tf.tensor4d(w, filterShape(small), 'int32').toFloat() as tf.Tensor4D;
      const bias = tf.tensor1d(b, 'int32').toFloat() as tf.Tensor1D;
      const [, strides, pad] = opArguments(small, 'subpixel');
      const y = fused.conv2dTranspose({ x: $x, filter: $filter, strides, pad, bias, activation: 'relu' });
      const sums = oracle.forward(small, a, w);
      expect([...y.dataSync()]).toEqual(Array.from(sums.values, (sum, n) => Math.max(0, sum + b[n % 2])));
    });
  });

  it('compiles nothing anew for another image size, batch or stride', () => {
    const run = (inSize: [number, number], batch: number, stride: number): void => {
      const other = layer({ inSize, batch, inChannels: 4, outChannels: 4, strides: [stride, 2] });
      const o = randomOperands(other, 'sizes');
      for (const variant of EXACT_VARIANTS)
        expect(mismatch(runForward(other, o.x, o.filter, variant), oracle.forward(other, o.x, o.filter))).toBe('');
      expect(mismatch(runBackpropInput(other, o.dy, o.filter), oracle.backpropInput(other, o.dy, o.filter))).toBe('');
      expect(mismatch(runBackpropFilter(other, o.x, o.dy), oracle.backpropFilter(other, o.x, o.dy))).toBe('');
    };
    run([12, 6], 1, 2);
    const before = programs();
    expect(before.length).toBeGreaterThan(4);
    // As many pixels, which the tiles of a workgroup depend on.
    run([6, 12], 1, 3);
    run([6, 6], 2, 2);
    expect(programs()).toEqual(before);
  });

  for (const [what, groups] of [
    ['tiles', 1],
    ['channel by channel', 4],
  ] as const) {
    it(`fuses bias and every activation, ${what}`, () => {
      const small = layer({ inChannels: 4, outChannels: 4, groups, kernel: [2, 2], inSize: [3, 2] });
      const o = randomOperands(small, 'fused');
      const [, strides, pad, options] = opArguments(small, 'subpixel');
      if (typeof options === 'string') throw new Error('options were expected');
      tf.tidy(() => {
        const [$x, $filter] = [tf.tensor4d(o.x, xShape(small)), tf.tensor4d(o.filter, filterShape(small))];
        const [bias, slopes] = [tf.tensor1d([0.1, -0.2, 0.3, 0.4]), tf.tensor1d([0.5, 0.25, 2, -1])];
        const sums = tf.add(conv2dTranspose($x, $filter, ...opArguments(small, 'subpixel')), bias);
        const expected: Record<string, tf.Tensor> = {
          linear: sums,
          relu: tf.relu(sums),
          relu6: tf.relu6(sums),
          elu: tf.elu(sums),
          sigmoid: tf.sigmoid(sums),
          tanh: tf.tanh(sums),
          leakyrelu: tf.leakyRelu(sums, 0.3),
          prelu: tf.prelu(sums, slopes),
        };
        for (const activation of groups === 1 ? (['relu', 'prelu'] as const) : ACTIVATIONS) {
          const y = fused.conv2dTranspose({
            x: $x,
            filter: $filter,
            strides,
            pad,
            ...options,
            bias,
            activation,
            preluActivationWeights: activation === 'prelu' ? slopes : undefined,
            leakyreluAlpha: 0.3,
          });
          const [ours, theirs] = [y.dataSync(), expected[activation].dataSync()];
          const worst = Math.max(...ours.map((value, n) => Math.abs(value - theirs[n])));
          expect(`${activation} ${worst < 1e-5}`).toBe(`${activation} true`);
        }
      });
    });
  }

  it('tells in a profile what each program takes, by its name', async () => {
    const [$x, $filter] = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
    // Browsers round times to a tenth of a millisecond: of a single call all of them may be 0.
    const { kernels } = await tf.profile(() =>
      tf.tidy(() => {
        for (let n = 0; n < 50; n++) conv2dTranspose($x, $filter, ...opArguments(l, 'matmul'));
        return tf.scalar(0);
      }),
    );
    tf.dispose([$x, $filter]);
    const correlation = descriptor.settings!.inUse(backend()) === 'a workgroup' ? 'correlation' : 'lane correlation';
    let whole = 0;
    for (const { name, kernelTimeMs, extraInfo } of kernels) {
      expect(name).toBe('Conv2DTransposeMatMul');
      const programs = (await extraInfo).split(', ').map((one) => one.split(': '));
      expect(programs.map(([called]) => called.replace(/ (?=\d).*/, ''))).toEqual([correlation, 'col2im']);
      const sum = programs.reduce((all, [, ms]) => all + Number(ms), 0);
      expect(await kernelTimeMs).toBeCloseTo(sum, 5);
      whole += sum;
    }
    expect(kernels.length).toBe(50);
    if (backend().device.features.has('timestamp-query')) expect(whole).toBeGreaterThan(0);
    else console.warn('webgpu: this adapter has no timestamp-query, so no times are measured');
  });

  it('runs more workgroups than a dimension of a dispatch holds, and refuses more than a dispatch does', async () => {
    const wide = layer({ inSize: [1, 400], inChannels: 4, outChannels: 4, kernel: [1, 2] });
    const o = randomOperands(wide, 'wide');
    await withLimits({ maxComputeWorkgroupsPerDimension: 5 }, () => {
      for (const variant of ['subpixel', 'matmul'] as const)
        expect(mismatch(runForward(wide, o.x, o.filter, variant), oracle.forward(wide, o.x, o.filter))).toBe('');
      expect(mismatch(runBackpropFilter(wide, o.x, o.dy), oracle.backpropFilter(wide, o.x, o.dy))).toBe('');
    });
    await withLimits({ maxComputeWorkgroupsPerDimension: 1 }, () => {
      expect(() => runForward(wide, o.x, o.filter, 'subpixel')).toThrowError(
        /workgroups, and this device runs 1 at most/,
      );
    });
  });

  it('says why where a buffer is larger than a program sees', () => {
    const g = computeGeometry({ xShape: [1, 64, 64, 8], filterShape: [3, 3, 8, 8], strides: 2, pad: 'same' });
    const { limits: real, features } = backend().device;
    const limits = { ...real, maxBufferSize: 2 ** 16, maxStorageBufferBindingSize: 2 ** 16 };
    const other = Object.assign(Object.create(backend()) as WebGPUBackend, { device: { limits, features } });
    for (const variant of EXACT_VARIANTS) {
      const support = supportOf(
        { probe: () => ({ supported: true }) },
        kernelFor(descriptor, 'forward', variant)!,
        g,
        other,
      );
      expect(JSON.stringify(support)).toMatch(/needs a buffer of \d+ floats, and a program can see 16384 here/);
    }
  });

  it('refuses tensors that are larger than a program sees, and leaves them to nobody', async () => {
    const small = 2 ** 16;
    await withLimits({ maxBufferSize: small, maxStorageBufferBindingSize: small }, () => {
      install({ backends: ['webgpu'] });
      tf.tidy(() => {
        const [$x, $filter] = [tf.zeros([1, 16, 16, 4]), tf.zeros([4, 4, 36, 4])] as [tf.Tensor4D, tf.Tensor4D];
        const reason = 'it needs a buffer of 36864 floats, and a program can see 16384 here';
        for (const run of [
          () => tf.conv2dTranspose($x, $filter, [1, 32, 32, 36], 2, 'same'),
          () => conv2dTranspose($x, $filter, undefined, 2, 'same'),
        ])
          expect(run).toThrowError(new RegExp(`cannot run on backend 'webgpu': ${reason}`));
        expect(() => conv2dTranspose($x, $filter, undefined, 2, 'same', { variant: 'matmul' })).toThrowError(
          `variant 'matmul' cannot run on backend 'webgpu': ${reason}; take a smaller batch or image`,
        );
        // What ours leave to stock for its layout.
        const conv2d = (size: number): tf.Tensor =>
          tf.conv2d(tf.ones<tf.Rank.R4>([1, 4, size, size]), tf.ones([1, 1, 4, 36]), 1, 'same', 'NCHW');
        expect(() => conv2d(32)).toThrowError(new RegExp(`^Conv2D cannot run on backend 'webgpu': ${reason}`));
        expect([...new Set(conv2d(16).dataSync())]).toEqual([4]);
      });
      uninstall();
    });
  });

  for (const [what, error, message] of [
    [
      'found no memory',
      new GPUOutOfMemoryError('too many'),
      /The GPU had no memory left for an earlier call, .*a smaller batch or image, .* said: too many$/,
    ],
    ['was not valid', new GPUValidationError('too large'), /The GPU refused an earlier call, .* said: too large$/],
  ] as const) {
    it(`says after a call that ${what} that its result is none, once`, () => {
      const runs = [
        () => runForward(l, x, filter, 'subpixel'),
        () => runBackpropInput(l, dy, filter),
        () => runBackpropFilter(l, x, dy),
      ];
      for (const run of runs) {
        run();
        const before = used();
        for (const told of [error, new GPUValidationError('which follows from it')])
          backend().device.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error: told }));
        expect(() => tf.tidy(run)).toThrowError(message);
        run();
        expect(used()).toEqual(before);
      }
      expect(mismatch(runForward(l, x, filter, 'subpixel'), truth)).toBe('');
    });
  }

  it('says so where WebGPU refuses a buffer', async () => {
    runForward(l, x, filter, 'subpixel');
    const { device } = backend();
    const refused = new Promise((resolve) => device.addEventListener('uncapturederror', resolve, { once: true }));
    device.createBuffer({ size: device.limits.maxBufferSize + 4, usage: GPUBufferUsage.STORAGE });
    await refused;
    expect(() => runForward(l, x, filter, 'subpixel')).toThrowError(/The GPU refused an earlier call, .*: Buffer size/);
    expect(mismatch(runForward(l, x, filter, 'subpixel'), truth)).toBe('');
  });

  it('refuses a device that is lost, and works on a backend registered anew', async () => {
    expect(mismatch(runForward(l, x, filter, 'subpixel'), truth)).toBe('');
    const { device } = backend();
    device.destroy();
    await device.lost;
    for (const run of [
      () => runForward(l, x, filter, 'subpixel'),
      () => runBackpropInput(l, dy, filter),
      () => runBackpropFilter(l, x, dy),
    ])
      expect(run).toThrowError(
        /device of tfjs is lost.*: const factory = tf.findBackendFactory\('webgpu'\); tf.removeBackend\('webgpu'\); /,
      );
    const factory = tf.findBackendFactory('webgpu');
    tf.removeBackend('webgpu');
    tf.registerBackend('webgpu', factory);
    expect(await tf.setBackend('webgpu')).toBe(true);
    expect(mismatch(runForward(l, x, filter, 'subpixel'), truth)).toBe('');
    expect(yShape(l)).toEqual([2, 8, 10, 4]);
  });
}
