// Dual coordinate descent: it finds the optimum, which the conditions of optimality and a known answer tell.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { descend, scoreOf, squaresOf } from '../../../trainers/linear/dual-descent.ts';
import type { TermMatrix } from '../../../trainers/linear/terms.ts';
import { createRandom } from '../../../trainers/random.ts';

/** Sparse rows with two noisy classes. */
function problem(seed: number, size = 300, features = 40) {
  const random = createRandom(seed);
  const indices: number[] = [];
  const values: number[] = [];
  const offsets = [0];
  const targets = new Int8Array(size);
  for (let row = 0; row < size; row++) {
    targets[row] = random() < 0.4 ? 1 : -1;
    for (let feature = 0; feature < features; feature++) {
      if (random() > 0.2) continue;
      indices.push(feature);
      values.push(random() - 0.5 + (feature < 5 ? 0.4 * targets[row]! : 0));
    }
    offsets.push(indices.length);
  }
  const matrix: TermMatrix = {
    size,
    features,
    indices: Int32Array.from(indices),
    values: Float32Array.from(values),
    offsets: Int32Array.from(offsets),
  };
  const costs = Float64Array.from(targets, (_, row) => (row % 3 === 0 ? 2 : 0.7));
  return { matrix, targets, costs, squares: squaresOf(matrix) };
}

/** Gradient of the primal objective, which is zero where it is least. */
function primalGradient(given: ReturnType<typeof problem>, loss: string, weights: Float64Array): number {
  const { matrix, targets, costs } = given;
  const gradient = weights.slice();
  for (let row = 0; row < matrix.size; row++) {
    const margin = targets[row]! * scoreOf(matrix, row, weights);
    const slope = loss === 'logistic' ? -1 / (1 + Math.exp(margin)) : -2 * Math.max(0, 1 - margin);
    const step = costs[row]! * slope * targets[row]!;
    gradient[matrix.features]! += step;
    for (let at = matrix.offsets[row]!; at < matrix.offsets[row + 1]!; at++) {
      gradient[matrix.indices[at]!]! += step * matrix.values[at]!;
    }
  }
  return Math.max(...gradient.map(Math.abs));
}

for (const loss of ['squared-hinge', 'logistic'] as const) {
  test(`${loss}: the gradient of the primal objective vanishes`, () => {
    const given = problem(3);
    const weights = new Float64Array(given.matrix.features + 1);
    const options = { loss, tolerance: 1e-8, passesMax: 5_000, random: createRandom(1) };
    const passes = descend(given, options, weights);
    assert.ok(passes < 5_000, 'it converged');
    assert.ok(primalGradient(given, loss, weights) < 1e-5, String(primalGradient(given, loss, weights)));
  });

  test(`${loss}: the optimum does not depend on the order of the rows`, () => {
    const given = problem(4);
    const [a, b] = [1, 2].map((seed) => {
      const weights = new Float64Array(given.matrix.features + 1);
      descend(given, { loss, tolerance: 1e-8, passesMax: 5_000, random: createRandom(seed) }, weights);
      return weights;
    });
    a!.forEach((weight, at) => {
      assert.ok(Math.abs(weight - b![at]!) < 1e-5);
    });
  });

  test(`${loss}: a loose tolerance takes fewer passes, and passesMax ends it`, () => {
    const given = problem(5);
    const passes = [0.5, 1e-8].map((tolerance) =>
      descend(
        given,
        { loss, tolerance, passesMax: 5_000, random: createRandom(1) },
        new Float64Array(given.matrix.features + 1),
      ),
    );
    assert.ok(passes[0]! < passes[1]!);
    const weights = new Float64Array(given.matrix.features + 1);
    assert.equal(
      descend(given, { loss, tolerance: 1e-12, passesMax: 2, random: createRandom(1) }, weights),
      2,
    );
  });
}

test('one feature and two rows: the answer by hand', () => {
  // Minimise (w² + b²)/2 + 2 C max(0, 1 - w)² for rows x = ±1: by symmetry b = 0, w = 4C / (1 + 4C).
  const matrix = {
    size: 2,
    features: 1,
    indices: Int32Array.of(0, 0),
    values: Float32Array.of(1, -1),
    offsets: Int32Array.of(0, 1, 2),
  };
  const weights = new Float64Array(2);
  descend(
    { matrix, squares: squaresOf(matrix), targets: Int8Array.of(1, -1), costs: Float64Array.of(1.5, 1.5) },
    { loss: 'squared-hinge', tolerance: 1e-12, passesMax: 1_000, random: createRandom(1) },
    weights,
  );
  assert.ok(Math.abs(weights[0]! - 6 / 7) < 1e-9);
  assert.ok(Math.abs(weights[1]!) < 1e-9);
});
