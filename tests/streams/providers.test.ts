// Which device is chosen, and how loudly another one than wanted is told.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { hasGraphicsProcessor } from '../../connectors/gpu.ts';
import { createMetrics } from '../../connectors/metrics.ts';
import { cudaLibrariesBelow, hasCudaProvider, onnxRuntimePlace } from '../../connectors/onnx-runtime.ts';
import { createEngine } from '../../processors/inference/engine.ts';
import type { Provider } from '../../processors/inference/providers.ts';
import { chooseDevice, placementFor } from '../../streams/providers.ts';
import { loadable } from '../processors/inference/transformer/golden.ts';

const root = mkdtempSync(path.join(tmpdir(), 'millrace-providers-'));
after(() => rmSync(root, { recursive: true }));
const nowhere = path.join(root, 'nowhere');

/** A machine with some of the parts, on which some providers work. */
const machine = (parts: { cuda?: boolean; gpu?: boolean }, ...working: readonly Provider[]) => {
  const tried: Provider[] = [];
  return {
    tried,
    hasCudaLibrary: () => parts.cuda ?? false,
    hasGraphicsProcessor: async () => parts.gpu ?? false,
    async try(provider: Provider) {
      tried.push(provider);
      return { provider, works: working.includes(provider), why: 'no' };
    },
  };
};
const auto = { provider: 'auto', cudaDirectory: nowhere } as const;

describe('auto', () => {
  it('tries nothing where nothing is there', async () => {
    const bare = machine({});
    assert.equal((await chooseDevice(auto, bare)).device.provider, 'cpu');
    assert.deepEqual(bare.tried, []);
  });

  it('takes CUDA, then WebGPU, then the processor, by what works', async () => {
    const both = { cuda: true, gpu: true };
    assert.equal((await chooseDevice(auto, machine(both, 'cuda', 'webgpu'))).device.provider, 'cuda');
    const second = await chooseDevice(auto, machine(both, 'webgpu'));
    assert.equal(second.device.provider, 'webgpu');
    assert.deepEqual(second.refused, [{ provider: 'cuda', works: false, why: 'no' }]);
    const none = await chooseDevice(auto, machine(both));
    assert.equal(none.device.provider, 'cpu');
    assert.deepEqual(
      none.refused.map(({ provider }) => provider),
      ['cuda', 'webgpu'],
    );
  });

  it('never takes a software adapter: this machine is looked at as it is', async () => {
    const cards = path.join(root, 'dev');
    mkdirSync(path.join(cards, 'dri'), { recursive: true });
    assert.equal(await hasGraphicsProcessor(cards, 'linux'), false);
    writeFileSync(path.join(cards, 'dri', 'card0'), '');
    assert.equal(await hasGraphicsProcessor(cards, 'linux'), false);
    writeFileSync(path.join(cards, 'dri', 'renderD128'), '');
    assert.equal(await hasGraphicsProcessor(cards, 'linux'), true);
    assert.equal(await hasGraphicsProcessor(nowhere, 'darwin'), true);
  });
});

describe('a named provider', () => {
  it('is taken without a look, with the libraries that were installed for it', async () => {
    const folder = path.join(root, 'cuda', 'x', 'lib');
    mkdirSync(folder, { recursive: true });
    for (const name of ['libcublas.so.13', 'libcublasLt.so.13', 'libcudart.so.13', 'libother.so.1'])
      writeFileSync(path.join(folder, name), '');
    const cudaDirectory = path.join(root, 'cuda');
    const bare = machine({});
    const { device } = await chooseDevice({ provider: 'cuda', cudaDirectory }, bare);
    assert.deepEqual(bare.tried, []);
    assert.deepEqual(
      device.libraries.map((file) => path.basename(file)),
      ['libcudart.so.13', 'libcublasLt.so.13', 'libcublas.so.13'],
    );
    assert.deepEqual(cudaLibrariesBelow(nowhere), []);
    assert.equal((await chooseDevice({ provider: 'cpu', cudaDirectory }, bare)).device.provider, 'cpu');
  });
});

describe('a provider that refuses', () => {
  // TensorRT is nowhere without its own libraries, which nothing here installs.
  const tensorrt = { provider: 'tensorrt', cudaDirectory: nowhere } as const;

  it('is told by log and metric, and the answers are those of the processor', async () => {
    const lines: string[] = [];
    const note = (_: object, message: string) => void lines.push(message);
    const metrics = createMetrics();
    const releases = [loadable('bert')];
    const placement = await placementFor(tensorrt, releases, {
      logger: { info: note, warn: note } as never,
      metrics,
    });
    const engine = await createEngine({ models: releases, workers: 2, ...placement });
    const [answers] = await engine.predict(['bert'], ['so it goes']);
    await engine.close();
    const plain = await createEngine({ models: releases, workers: 1 });
    const [expected] = await plain.predict(['bert'], ['so it goes']);
    await plain.close();
    assert.deepEqual(answers, expected);
    assert.equal(lines.length, 1, 'once for both threads');
    assert.match(lines[0]!, /^bert@1\.0\.0 runs on cpu and not on tensorrt: /);
    const printed = await metrics.print();
    assert.match(printed, /millrace_inference_provider_info\{release="bert@1\.0\.0",provider="cpu"\} 1/);
    assert.match(
      printed,
      /provider_fallbacks_total\{release="bert@1\.0\.0",wanted="tensorrt",provider="cpu"\} 2/,
    );
  });

  it('is not asked for releases that are not worth a device', async () => {
    const { manifest } = loadable('bert');
    const int8 = { ...manifest, precision: 'int8' } as const;
    assert.equal((await placementFor(tensorrt, [{ manifest: int8 }])).device.provider, 'cpu');
    assert.equal((await placementFor(tensorrt, [{ manifest }])).device.provider, 'tensorrt');
  });
});

describe('ONNX Runtime', () => {
  it('is found with its version', () => {
    const place = onnxRuntimePlace();
    assert.match(place.version, /^\d+\.\d+\.\d+/);
    assert.equal(hasCudaProvider({ ...place, folder: nowhere }), false);
  });
});
