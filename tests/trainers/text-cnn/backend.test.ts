// The adapter takes the fastest build that works, says why it passed others over, and says what to do without any.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeBackend, openBackend } from '../../../trainers/text-cnn/backend.ts';

const missing = (specifier: string) =>
  Promise.reject(
    Object.assign(new Error(`Cannot find package '${specifier}'`), { code: 'ERR_MODULE_NOT_FOUND' }),
  );

/** What TensorFlow.js looks like as far as the adapter goes. */
const build = (backends: readonly string[]) => ({
  version_core: '4.22.0',
  setBackend: async (name: string) => backends.includes(name),
  ready: async () => undefined,
});

test('the native build is taken where it is installed', async () => {
  const asked: string[] = [];
  const backend = await openBackend('auto', async (specifier) => {
    asked.push(specifier);
    return specifier === '@tensorflow/tfjs-node' ? build(['tensorflow']) : missing(specifier);
  });
  assert.equal(backend.name, 'node');
  assert.deepEqual(asked, ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']);
  assert.match(describeBackend(backend), /computes on node; .*node-gpu \(not installed\)/);
});

test('one that is installed but does not start is passed over, and says why', async () => {
  const backend = openBackend('auto', async (specifier) => {
    if (specifier === '@tensorflow/tfjs-node-gpu') throw new Error('libcudart.so.11 not found\nstack');
    if (specifier === '@tensorflow/tfjs-node') return build([]);
    return missing(specifier);
  });
  await assert.rejects(backend, (error: Error & { code: string; fix: string }) => {
    assert.equal(error.code, 'tensorflow-missing');
    assert.match(
      error.message,
      /node-gpu \(libcudart\.so\.11 not found\), node \(its backend tensorflow does not start\)/,
    );
    assert.match(error.message, /wasm \(not installed\)/);
    assert.match(error.fix, /npm install/);
    return true;
  });
});

test('a wanted backend is the only one that is tried', async () => {
  const asked: string[] = [];
  const opening = openBackend('webgpu', (specifier) => {
    asked.push(specifier);
    return missing(specifier);
  });
  await assert.rejects(opening, { code: 'tensorflow-missing' });
  assert.deepEqual(asked, ['webgpu']);
});

test('here wasm at least computes', async () => {
  const { tf, name } = await openBackend('wasm');
  assert.equal(name, 'wasm');
  assert.deepEqual([...tf.add(tf.tensor1d([1, 2]), 1).dataSync()], [2, 3]);
});
