// Transformers on the WebGPU provider, for real: on a graphics processor, or on SwiftShader where the loader finds it
// (LD_LIBRARY_PATH with libvulkan.so.1, VK_ICD_FILENAMES with its description; .ci/run says how).
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEngine } from '../../processors/inference/engine.ts';
import { answer } from '../../processors/inference/model.ts';
import { computes } from '../../processors/inference/provider-proof.ts';
import { deviceOf, type Opened } from '../../processors/inference/providers.ts';
import { loadTransformerModel } from '../../processors/inference/transformer/transformer-model.ts';
import { loadConfiguration } from '../../streams/configuration/configuration.ts';
import { examineProviders } from '../../streams/doctor/providers.ts';
import { loadable } from '../processors/inference/transformer/golden.ts';

const device = deviceOf('webgpu');
const texts = ['so it goes', 'This is the worst thing that ever happened to me', 'good', ''];

function assertClose(actual: Float32Array, expected: Float32Array): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, at) => {
    assert.ok(Math.abs(actual[at]! - value) < 1e-4, `${at}: ${actual[at]} is not ${value}`);
  });
}

describe('the WebGPU provider', { timeout: 580_000 }, () => {
  it('computes, and the doctor says so', async () => {
    assert.equal(await computes(device), true);
    const findings = await examineProviders(loadConfiguration({ env: {} }));
    const webgpu = findings.find(({ name }) => name === 'provider webgpu');
    assert.deepEqual(webgpu, { name: 'provider webgpu', status: 'ok', detail: 'a session ran' });
  });

  for (const name of ['bert', 'embedder'] as const)
    it(`gives the processor’s values for ${name}`, async () => {
      const opened: Opened[] = [];
      const onDevice = await loadTransformerModel(loadable(name), {
        device,
        tell: (one) => opened.push(one),
      });
      const onProcessor = await loadTransformerModel(loadable(name));
      assert.deepEqual(opened, [
        { release: `${name}@1.0.0`, wanted: 'webgpu', provider: 'webgpu', why: null },
      ]);
      const expected = await answer(onProcessor, texts);
      assertClose(await answer(onDevice, texts), expected);
      // Two sessions of one thread at once take turns as well.
      const other = await loadTransformerModel(loadable(name), { device });
      const both = await Promise.all([answer(onDevice, texts), answer(other, texts)]);
      for (const values of both) assertClose(values, expected);
      await other.close();
      await onDevice.close();
      await onProcessor.close();
    });

  it('is used by several threads in turns: two runs at once would end the process', async () => {
    const models = [loadable('bert')];
    const opened: Opened[] = [];
    const engine = await createEngine({
      models,
      workers: 2,
      device,
      opened: (sessions) => opened.push(...sessions),
      textsPerRunMax: 2,
    });
    const plain = await createEngine({ models, workers: 1 });
    const calls = Array.from({ length: 4 }, (_, at) => ['so it goes', `call ${at}`]);
    const answers = await Promise.all(calls.map((call) => engine.predict(['bert'], call)));
    for (const [at, call] of calls.entries()) {
      const [expected] = await plain.predict(['bert'], call);
      assertClose(answers[at]![0]!.probabilities, expected!.probabilities);
    }
    assert.deepEqual(
      opened.map(({ provider }) => provider),
      ['webgpu', 'webgpu'],
    );
    await engine.close();
    await plain.close();
  });
});
