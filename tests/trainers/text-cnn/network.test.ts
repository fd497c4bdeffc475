// The CNN’s gradients are those of its loss, by finite differences; needs the wasm build of TensorFlow.js.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../../trainers/random.ts';
import { openBackend } from '../../../trainers/text-cnn/backend.ts';
import { CnnNetwork, type CnnWeights, createWeights } from '../../../trainers/text-cnn/network.ts';

const shape = { words: 9, wordsMax: 8, dimensions: 3, widths: [1, 2], filters: 4, labels: 3 };
const texts = 5;
const random = createRandom(11);
const ids = Int32Array.from({ length: texts * shape.wordsMax }, (_, at) =>
  at % shape.wordsMax > 5 ? 0 : 1 + Math.floor(random() * 8),
);
const kept = Float32Array.from({ length: texts * 8 }, () => (random() < 0.3 ? 0 : 1.4));
const truth = new Float32Array(texts * 3);
for (let row = 0; row < texts; row++) truth[row * 3 + (row % 3)] = 1;

/** Random biases too: a zero hides nothing then. */
const weights: CnnWeights = new Map(
  [...createWeights(shape, random)].map(([name, values]) => [
    name,
    name.startsWith('bias') ? values.map(() => random() - 0.3) : values.map((value) => 3 * value),
  ]),
);

for (const activation of ['softmax', 'sigmoid'] as const) {
  test(`gradients agree with finite differences: ${activation}`, async () => {
    const backend = await openBackend('wasm');
    const network = new CnnNetwork(shape, weights, backend);
    const lossAt = (changed: CnnWeights) => {
      network.assign(changed);
      const { loss, gradients } = network.gradients(ids, truth, kept, activation);
      for (const gradient of Object.values(gradients)) gradient.dispose();
      return loss;
    };
    network.assign(weights);
    const before = backend.tf.memory().numTensors;
    const { gradients } = network.gradients(ids, truth, kept, activation);
    const step = 1e-3;
    let checked = 0;
    for (const [name, values] of weights) {
      const gradient = gradients[name]!.dataSync() as Float32Array;
      for (let at = 0; at < values.length; at += 3) {
        // Padding learns nothing, whatever its words would gain.
        if (name === 'table' && at < shape.dimensions) {
          assert.equal(gradient[at], 0);
          continue;
        }
        const moved = (by: number) =>
          new Map([...weights, [name, values.map((value, index) => (index === at ? value + by : value))]]);
        const slope = (lossAt(moved(step)) - lossAt(moved(-step))) / (2 * step);
        // Longer steps reach corners, where another window takes over; shorter ones drown in 32-bit rounding.
        assert.ok(Math.abs(slope - gradient[at]!) < 5e-3, `${name}[${at}]: ${slope}, ${gradient[at]}`);
        checked++;
      }
    }
    assert.ok(checked > 20);
    for (const gradient of Object.values(gradients)) gradient.dispose();
    assert.equal(backend.tf.memory().numTensors, before, 'tensors are left behind');
    network.dispose();
  });
}
