// What the doctor makes of the words that provider libraries were seen to fail with.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cudaPlan } from '../../../streams/doctor/cuda.ts';
import { adviceOn } from '../../../streams/doctor/providers.ts';

const cannotOpen = ': cannot open shared object file: No such file or directory';

describe('advice', () => {
  const table = [
    [
      'cuda',
      `/x/libonnxruntime_providers_shared.so${cannotOpen}`,
      /npm’s package comes without$/,
      /--install-cuda/,
    ],
    [
      'cuda',
      `libcublasLt.so.13${cannotOpen}`,
      /CUDA’s libraries .*\(libcublasLt\.so\.13 is missing\)/,
      /--install-cuda/,
    ],
    ['cuda', `libcuda.so.1${cannotOpen}`, /driver is not here \(libcuda\.so\.1 is missing\)/, /--gpus all/],
    ['cuda', 'CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version', /older/, /580/],
    ['cuda', 'CUDA failure 100: no CUDA-capable device is detected', /no GPU/, /nvidia-smi/],
    ['tensorrt', `libnvinfer.so.10${cannotOpen}`, /TensorRT’s own/, /tensorrt-cu13/],
    ['tensorrt', `libcublas.so.13${cannotOpen}`, /CUDA’s libraries/, /--install-cuda/],
    ['webgpu', `libvulkan.so.1${cannotOpen}`, /Vulkan is not here/, /libvulkan1/],
    ['webgpu', 'Failed to get a WebGPU adapter: No supported adapters', /no graphics processor/, /llvmpipe/],
    ['webgpu', 'something that nobody has seen', /nobody has seen/, /Only machines/],
    ['cpu', 'it does not load', /does not load/, /npm ci/],
  ] as const;
  for (const [provider, why, detail, fix] of table)
    it(`on ${provider}: ${why.slice(0, 60)}`, () => {
      const advice = adviceOn(provider, why);
      assert.match(advice.detail, detail);
      assert.match(advice.fix, fix);
    });
});

describe('the plan of the installation', () => {
  it('says what is fetched, how much, and where it goes', () => {
    const plan = cudaPlan({
      runtime: { version: '9.9.9', folder: '/modules/bin' },
      directory: '/big/cuda',
    }).join('\n');
    assert.match(plan, /onnxruntime-gpu 9\.9\.9 \(250 MB\).*\(1\.3 GB\)/);
    assert.match(plan, /\/big\/cuda \(2\.4 GB\)/);
    assert.match(plan, /go into \/modules\/bin/);
  });
});
