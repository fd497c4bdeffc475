// The domain classifier agrees with scikit-learn, and is right about chance.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { areaUnderCurve, separate } from '../../../../processors/drift/text/domain.ts';
import { dimensions } from '../../../../processors/drift/text/embedding.ts';
import { logisticFit } from '../../../../processors/drift/text/logistic-regression.ts';
import { createRandom } from '../../../../trainers/random.ts';

interface Golden {
  readonly sklearn: string;
  readonly regression: {
    readonly rows: readonly (readonly number[])[];
    readonly truth: readonly number[];
    readonly fits: readonly { readonly ridge: number; readonly weights: readonly number[] }[];
  };
  readonly areas: readonly {
    readonly negatives: readonly number[];
    readonly positives: readonly number[];
    readonly auc: number;
  }[];
  /** Vectors in base64, one after the other. */
  readonly separations: readonly {
    readonly reference: string;
    readonly window: string;
    readonly auc: number;
  }[];
}

// Made by LogisticRegression(C = 1/ridge) and roc_auc_score, fold f holding rows f, f + 5, f + 10 … of either sample.
const golden = JSON.parse(
  await readFile(new URL('golden/scikit-learn.json', import.meta.url), 'utf8'),
) as Golden;

function vectorsOf(base64: string): readonly Int8Array[] {
  const bytes = new Int8Array(Buffer.from(base64, 'base64'));
  return Array.from({ length: bytes.length / dimensions }, (_, row) =>
    bytes.subarray(row * dimensions, (row + 1) * dimensions),
  );
}

const random = createRandom(17);
/** About normal. */
const deviate = () => random() + random() + random() - 1.5;

const cloud = (count: number, shift = 0): readonly Int8Array[] =>
  Array.from({ length: count }, () => {
    const values = Float64Array.from({ length: dimensions }, (_, at) => deviate() + (at < 4 ? shift : 0));
    const length = Math.hypot(...values);
    return Int8Array.from(values, (value) => Math.round((127 * value) / length));
  });

describe('the domain classifier', () => {
  it('fits as scikit-learn does', () => {
    const { rows, truth, fits } = golden.regression;
    const matrix = { values: Float64Array.from(rows.flat()), width: rows[0]!.length };
    for (const { ridge, weights } of fits) {
      const fitted = logisticFit(matrix, [...rows.keys()], ridge)(truth);
      for (const [column, weight] of weights.entries())
        assert.ok(Math.abs(fitted[column]! - weight) < 1e-5, `${ridge}: ${fitted} and ${weights}`);
    }
  });

  it('measures areas as scikit-learn does, ties and all', () => {
    for (const { negatives, positives, auc } of golden.areas)
      assert.ok(
        Math.abs(areaUnderCurve(Float64Array.from(negatives), Float64Array.from(positives)) - auc) < 1e-12,
      );
    assert.equal(areaUnderCurve(Float64Array.of(1, 2), Float64Array.of(3)), 1);
    assert.equal(areaUnderCurve(Float64Array.of(1, 1), Float64Array.of(1)), 0.5);
  });

  it('tells samples apart as well as scikit-learn does', () => {
    for (const { reference, window, auc } of golden.separations)
      assert.ok(Math.abs(separate(vectorsOf(reference), vectorsOf(window)).auc - auc) < 1e-9);
  });

  it('is as sure as it may be: p-values of equal samples are spread evenly', () => {
    const pValues = Array.from({ length: 30 }, () => separate(cloud(60), cloud(40)).pValue);
    const mean = pValues.reduce((sum, p) => sum + p, 0) / pValues.length;
    assert.ok(Math.abs(mean - 0.5) < 0.17, `mean ${mean}`);
    const low = pValues.filter((p) => p < 0.1).length;
    // 3 are expected; 10 or more are seen once in 2,000 times.
    assert.ok(low < 10, `${low} of 30 below 0.1`);
  });

  it('sees a shift, and the same one twice', () => {
    const [reference, window] = [cloud(200), cloud(150, 0.4)];
    const { auc, pValue } = separate(reference, window);
    assert.ok(auc > 0.65 && pValue < 1e-4, `${auc} ${pValue}`);
    assert.deepEqual(separate(reference, window), { auc, pValue });
  });
});
