// Forests against scikit-learn: single trees answer the same, forests score the same; same seed, same trees.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Misconfigured } from '../../../schemas/errors.ts';
import { fitForest } from '../../../trainers/forest/fit.ts';
import {
  answersOf,
  gainImportances,
  permutationImportances,
  spreadOf,
} from '../../../trainers/forest/forest.ts';
import type { ForestParameters } from '../../../trainers/forest/options.ts';
import { accuracy, golden, held, matrixOf, rSquared, train, valueTargets } from './golden.ts';

const oneTree: Partial<ForestParameters> = { trees: 1, bootstrap: false, featureShare: 1, leafRowsMin: 7 };
const trees = [
  ['regression', {}, train.x, train.y],
  ['depth', { depthMax: 4 }, train.x, train.y],
  ['missing', { depthMax: 5 }, train.holes, train.y],
  ['classes', { depthMax: 3 }, train.x, train.classes],
] as const;

for (const [name, options, matrix, targets] of trees) {
  test(`one tree answers what scikit-learn’s does: ${name}`, async () => {
    const forest = await fitForest(matrix, targets, { ...oneTree, ...options }, { seed: 1 });
    const expected = golden.trees[name];
    const leaves = forest.trees[0]!.tree.features.filter((feature) => feature < 0).length;
    assert.equal(leaves, expected.leaves);
    const answers = answersOf(forest, matrix);
    expected.answers.flat().forEach((answer, at) => {
      // Shares below 1/1000 are taken for 1/1000, and the row then sums to one again.
      const tolerance = targets.activation === 'softmax' ? 2e-3 : 1e-5;
      assert.ok(Math.abs(answers[at]! - answer) < tolerance, `row ${at}: ${answers[at]} and ${answer}`);
    });
  });
}

const seeds = [1, 2, 3];
const forests = [
  ['forestRegression', { trees: 100, leafRowsMin: 3, featureShare: 0.5 }, 'y', 0.015],
  ['forestClasses', { trees: 100, leafRowsMin: 3 }, 'classes', 0.03],
  ['boostingRegression', { method: 'boosting', trees: 100, leafRowsMin: 10, featureShare: 1 }, 'y', 0.015],
  ['boostingClasses', { method: 'boosting', trees: 60, leafRowsMin: 10, featureShare: 1 }, 'classes', 0.03],
] as const;

for (const [name, options, target, tolerance] of forests) {
  test(`scores as scikit-learn does, within noise: ${name}`, async () => {
    const score = target === 'y' ? rSquared : accuracy;
    let sum = 0;
    for (const seed of seeds) {
      const forest = await fitForest(train.x, train[target], options, { seed });
      sum += score(answersOf(forest, held.x), held[target]) / seeds.length;
    }
    const theirs = golden.scores[name].reduce((total, value) => total + value) / golden.scores[name].length;
    assert.ok(Math.abs(sum - theirs) < tolerance, `${sum} and ${theirs}`);
  });
}

test('the number of threads changes nothing, the seed does', async () => {
  // Enough work for threads to be started.
  const copies = matrixOf(Array.from({ length: 25 }, () => golden.x).flat());
  const targets = valueTargets(Array.from({ length: 25 }, () => golden.y).flat());
  const options = { trees: 80, depthMax: 3, featureShare: 0.5 } as const;
  const [one, two, other] = await Promise.all([
    fitForest(copies, targets, options, { seed: 4, threads: 1 }),
    fitForest(copies, targets, options, { seed: 4, threads: 2 }),
    fitForest(copies, targets, options, { seed: 5, threads: 1 }),
  ]);
  assert.deepEqual(one, two);
  assert.notDeepEqual(one, other);
});

test('boosting keeps the best round on dev and stops after it', async () => {
  const dev = { matrix: held.x, targets: held.y };
  const options = {
    method: 'boosting',
    trees: 600,
    learningRate: 0.3,
    patience: 15,
    featureShare: 1,
  } as const;
  const losses: number[] = [];
  const stopped = await fitForest(train.x, train.y, options, {
    seed: 1,
    dev,
    onProgress: (_done, loss) => losses.push(loss!),
  });
  assert.ok(losses.length < 600);
  assert.equal(stopped.trees.length, losses.indexOf(Math.min(...losses)) + 1);
  assert.equal(losses.length, stopped.trees.length + 15);
});

test('onEpoch hears of dev after every block, and stop is obeyed', async () => {
  for (const method of ['forest', 'boosting'] as const) {
    const scores: number[] = [];
    const forest = await fitForest(
      train.x,
      train.y,
      { method, trees: 100 },
      {
        seed: 1,
        dev: { matrix: held.x, targets: held.y },
        onEpoch: (epoch, score) => {
          scores.push(score);
          return epoch === 2 ? 'stop' : 'go-on';
        },
      },
    );
    assert.equal(forest.trees.length, 40, method);
    assert.equal(scores.length, 2);
    assert.ok(scores.every((score) => score < 0));
  }
});

test('importances find the features that count', async () => {
  const forest = await fitForest(train.x, train.y, { trees: 60 }, { seed: 1 });
  const gains = gainImportances(forest);
  assert.ok(Math.abs(gains.reduce((sum, gain) => sum + gain, 0) - 1) < 1e-9);
  const permuted = permutationImportances(forest, held.x, held.y, { seed: 2 });
  for (const importances of [gains, permuted]) {
    assert.equal(importances.indexOf(Math.max(...importances)), 3, String(importances));
    assert.equal(importances.indexOf(Math.min(...importances)), 5, String(importances));
  }
});

test('spread is the standard deviation over trees', async () => {
  const forest = await fitForest(train.x, train.y, { trees: 50 }, { seed: 1 });
  const spread = spreadOf(forest, held.x);
  const single = forest.trees.map((tree) => answersOf({ ...forest, trees: [tree] }, held.x)[0]!);
  const mean = single.reduce((sum, value) => sum + value, 0) / single.length;
  const deviation = Math.sqrt(single.reduce((sum, value) => sum + (value - mean) ** 2, 0) / single.length);
  assert.ok(Math.abs(spread[0]! - deviation) < 1e-9);
});

test('weights count as repeated rows do', async () => {
  const twice = matrixOf([...golden.x.slice(0, 300), ...golden.x.slice(0, 300)]);
  const values = [...golden.y.slice(0, 300), ...golden.y.slice(0, 300)];
  const options = { ...oneTree, leafRowsMin: 1, depthMax: 4 };
  const repeated = await fitForest(twice, valueTargets(values), options, { seed: 1 });
  const once = matrixOf(golden.x.slice(0, 300));
  const weighed = { ...valueTargets(golden.y.slice(0, 300)), weights: new Float64Array(300).fill(2) };
  const weighted = await fitForest(once, weighed, options, { seed: 1 });
  assert.deepEqual(answersOf(repeated, once), answersOf(weighted, once));
});

test('an abort ends it with its reason, on threads too', async () => {
  const copies = matrixOf(Array.from({ length: 30 }, () => golden.x).flat());
  const targets = valueTargets(Array.from({ length: 30 }, () => golden.y).flat());
  for (const threads of [1, 2]) {
    const controller = new AbortController();
    const fitting = fitForest(
      copies,
      targets,
      { trees: 500 },
      {
        seed: 1,
        threads,
        signal: controller.signal,
        onProgress: () => controller.abort(new Error('enough')),
      },
    );
    await assert.rejects(fitting, /enough/);
  }
});

test('data that cannot be learned from is refused', async () => {
  const wrong = { ...train.y, values: train.y.values.slice(1) };
  await assert.rejects(fitForest(train.x, wrong, {}, { seed: 1 }), Misconfigured);
  const hole = valueTargets([Number.NaN, ...golden.y.slice(1, golden.learned)]);
  await assert.rejects(fitForest(train.x, hole, {}, { seed: 1 }), /finite/);
  const none = { rows: 0, columns: 6, values: new Float32Array(0) };
  await assert.rejects(
    fitForest(none, { ...train.y, values: new Float64Array(0) }, {}, { seed: 1 }),
    /0 rows/,
  );
});

test('boosting without weights grows the trees of weights that are all 1', async () => {
  const rows = 3 * train.holes.rows;
  const tripled = { ...train.holes, rows, values: new Float32Array(rows * train.holes.columns) };
  const y = { ...train.y, values: new Float64Array(rows) };
  for (let copy = 0; copy < 3; copy++) {
    tripled.values.set(train.holes.values, copy * train.holes.values.length);
    y.values.set(train.y.values, copy * train.y.values.length);
  }
  const options = { method: 'boosting', trees: 20 } as const;
  const plain = await fitForest(tripled, y, options, { seed: 1 });
  const weights = new Float64Array(rows).fill(1);
  const weighted = await fitForest(tripled, { ...y, weights }, options, { seed: 1 });
  assert.deepEqual(weighted, plain);
  const doubled = await fitForest(tripled, { ...y, weights: weights.fill(2, 0, rows / 2) }, options, {
    seed: 1,
  });
  assert.notDeepEqual(doubled.trees, plain.trees);
});
